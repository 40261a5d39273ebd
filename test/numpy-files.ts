// Files as NumPy writes them.

interface NpyOptions {
  version?: number;
  fortran?: boolean;
}

/** The bytes of a .npy file; `descr` of a letter and a size, or a Python literal as it is. */
export function npy(
  descr: string,
  shape: readonly (number | string)[],
  data: ArrayBufferView,
  { version = 1, fortran = false }: NpyOptions = {},
): Uint8Array {
  const dtype = descr.startsWith('[') ? descr : `'${descr}'`;
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': ${dtype}, 'fortran_order': ${fortran ? 'True' : 'False'}, 'shape': (${sizes}), }`;
  const begin = version === 1 ? 10 : 12;
  const length = Math.ceil((begin + text.length + 1) / 64) * 64 - begin;
  const file = new Uint8Array(begin + length + data.byteLength);
  file.set([0x93, ...Buffer.from('NUMPY'), version, 0]);
  const view = new DataView(file.buffer);
  if (version === 1) view.setUint16(8, length, true);
  else view.setUint32(8, length, true);
  file.set(Buffer.from(`${text.padEnd(length - 1)}\n`), begin);
  file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), begin + length);
  return file;
}
