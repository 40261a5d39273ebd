/** The numbers of variables, as checkpoints store them, as float32 or int32. */
import { FormatError } from '../../values/errors.ts';
import { fromHalf } from '../../values/half.ts';
import { type Shape, stridesOf } from '../../values/shape.ts';
import { viewOf } from './message.ts';
import type { TensorSlice } from './ordered-code.ts';

export type Values = Float32Array | Int32Array;

export interface Kind {
  readonly bytes: number;
  /** In the words of `StoredTensor`. */
  readonly name: string;
  readonly float: boolean;
  get(view: DataView, at: number): number;
}

const kind = (bytes: number, name: string, float: boolean, get: Kind['get']): Kind => ({
  bytes,
  name,
  float,
  get,
});
export const KINDS: Readonly<Record<string, Kind>> = {
  DT_FLOAT: kind(4, 'float32', true, (view, at) => view.getFloat32(at, true)),
  DT_DOUBLE: kind(8, 'float64', true, (view, at) => view.getFloat64(at, true)),
  DT_HALF: kind(2, 'float16', true, (view, at) => fromHalf(view.getUint16(at, true))),
  DT_BFLOAT16: kind(2, 'bfloat16', true, (view, at) => {
    word.setUint32(0, view.getUint16(at, true) << 16);
    return word.getFloat32(0);
  }),
  DT_INT8: kind(1, 'int8', false, (view, at) => view.getInt8(at)),
  DT_UINT8: kind(1, 'uint8', false, (view, at) => view.getUint8(at)),
  DT_BOOL: kind(1, 'bool', false, (view, at) => view.getUint8(at)),
  DT_INT16: kind(2, 'int16', false, (view, at) => view.getInt16(at, true)),
  DT_UINT16: kind(2, 'uint16', false, (view, at) => view.getUint16(at, true)),
  DT_INT32: kind(4, 'int32', false, (view, at) => view.getInt32(at, true)),
  DT_INT64: kind(8, 'int64', false, (view, at) => Number(view.getBigInt64(at, true))),
};
const word = new DataView(new ArrayBuffer(4));

export function emptyOf({ float }: Kind, size: number): Values {
  return float ? new Float32Array(size) : new Int32Array(size);
}

const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

export function decoded(where: string, found: Kind, bytes: Uint8Array, size: number): Values {
  if (LITTLE_ENDIAN && (found.name === 'float32' || found.name === 'int32')) {
    // Views want their bytes aligned.
    const { buffer, byteOffset } = byteAligned(bytes);
    return found.float
      ? new Float32Array(buffer, byteOffset, size)
      : new Int32Array(buffer, byteOffset, size);
  }
  const values = emptyOf(found, size);
  const view = viewOf(bytes);
  for (let i = 0; i < size; i++) {
    const value = found.get(view, i * found.bytes);
    values[i] = value;
    if (!found.float && values[i] !== value)
      throw new FormatError(`${where}: ${value} at element ${i} is no int32`);
  }
  return values;
}

function byteAligned(bytes: Uint8Array): Uint8Array {
  return bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
}

/** Writes a part into its place of the whole, row by row. */
export function place(part: Values, shape: Shape, whole: Values, full: Shape, { start }: TensorSlice): void {
  const strides = stridesOf(full);
  const row = shape.at(-1) ?? 1;
  const rows = row === 0 ? 0 : part.length / row;
  for (let i = 0; i < rows; i++) {
    let rest = i;
    let to = Math.max(0, start.at(-1) ?? 0);
    for (let axis = shape.length - 2; axis >= 0; axis--) {
      to += ((rest % shape[axis]!) + Math.max(0, start[axis]!)) * strides[axis]!;
      rest = Math.floor(rest / shape[axis]!);
    }
    whole.set(part.subarray(i * row, (i + 1) * row), to);
  }
}
