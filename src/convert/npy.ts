/** NumPy's .npy files: one array behind a header that is a Python literal. */
import { FormatError } from '../values/errors.ts';
import { type Shape, showShape, sizeOf, stridesOf } from '../values/shape.ts';
import { bytesOf, numbersOf } from './bytes/numbers.ts';

/** An array of a file: floats as float32, integers and booleans as int32, row-major. */
export interface NumPyArray {
  readonly values: Float32Array | Int32Array;
  readonly shape: Shape;
}

const MAGIC = '\x93NUMPY';
/** Longest header that is read; NumPy writes some hundred bytes. */
const LONGEST_HEADER = 10_000;
const KINDS: Readonly<Record<string, string>> = { f: 'float', i: 'int', u: 'uint', b: 'bool' };
/** Without blanks, which leave expressions nothing to try in several ways. */
const ENTRY = String.raw`'(?:descr|fortran_order|shape)':(?:'[^']*'|True|False|\((?:\d+L?,)*(?:\d+L?)?\))`;
const HEADER = new RegExp(`^\\{${ENTRY},${ENTRY},${ENTRY},?\\}$`);

/**
 * The array in the bytes of a .npy file of version 1, 2 or 3, of any byte order, in C or Fortran order. `where` names the file in messages.
 * Throws `FormatError` that says what is wrong, before anything of the declared size is made.
 */
export function readNpy(where: string, file: Uint8Array): NumPyArray {
  const refuse = (rule: string): never => {
    throw new FormatError(`${where}: ${rule}`);
  };
  const begin = String.fromCharCode(...file.subarray(0, 6));
  if (begin !== MAGIC || file.length < 10) refuse('byte 0: no .npy file: it begins otherwise');
  const version = file[6]!;
  if (version < 1 || version > 3) refuse(`byte 6: version ${version}; use 1, 2 or 3`);
  const from = version === 1 ? 10 : 12;
  if (file.length < from) refuse(`byte 8: ${file.length} bytes have no header`);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > LONGEST_HEADER || from + length > file.length)
    refuse(`byte 8: a header of ${length} bytes in a file of ${file.length}`);
  const { dtype, bigEndian, columnsFirst, shape } = headerOf(
    where,
    from,
    new TextDecoder().decode(file.subarray(from, from + length)).replace(/\s+/g, ''),
  );
  const data = file.subarray(from + length);
  const size = sizeOf(shape) * bytesOf(dtype)!;
  if (size !== data.length)
    refuse(
      `byte ${from + length}: ${data.length} bytes for ${dtype} of shape ${showShape(shape)}, which has ${size}`,
    );
  const values = numbersOf(where, dtype, data, bigEndian);
  return { values: columnsFirst ? rowMajor(values, shape) : values, shape };
}

function headerOf(where: string, from: number, text: string) {
  const wrong = (what: string): never => {
    throw new FormatError(`${where}: byte ${from}: ${what}`);
  };
  const field = (name: string) => new RegExp(`'${name}':('[^']*'|True|False|\\([^)]*\\))`).exec(text)?.[1];
  const [descr, order, shape] = ['descr', 'fortran_order', 'shape'].map(field);
  if (!HEADER.test(text) || !descr || !order || !shape)
    return wrong("the header is not { 'descr': '<f4', 'fortran_order': False, 'shape': (...) }");
  const [, mark, kind, bytes] = /^'([<>|=]?)([a-z])(\d+)'$/i.exec(descr) ?? [];
  const dtype = kind === 'b' ? 'bool' : `${KINDS[kind!]}${8 * Number(bytes)}`;
  if (bytesOf(dtype) !== Number(bytes)) wrong(`dtype ${descr}; use f2 to f8, i1 to i8, u1 to u8 or b1`);
  const sizes = (shape.match(/\d+/g) ?? []).map(Number);
  if (!sizes.every(Number.isSafeInteger)) wrong(`shape ${shape}`);
  return { dtype, bigEndian: mark === '>', columnsFirst: order === 'True', shape: sizes };
}

/** Values whose first axis runs fastest, with the last one fastest. */
function rowMajor<T extends Float32Array | Int32Array>(values: T, shape: Shape): T {
  const out = values.slice() as T;
  const strides = stridesOf([...shape].reverse()).reverse();
  const index = new Array<number>(shape.length).fill(0);
  let at = 0;
  for (let to = 0; to < out.length; to++) {
    out[to] = values[at]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      at -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return out;
}
