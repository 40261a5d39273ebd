/** Bytes of arrays in files as numbers: halves and doubles as float32, integers as int32. */
import { FormatError } from '../../values/errors.ts';
import { fromHalves } from '../../values/half.ts';

interface Reading {
  readonly bytes: number;
  /** `swapped` has the bytes of an element in little-endian order, and its buffer begins with them. */
  readonly read: (
    buffer: ArrayBuffer,
    offset: number,
    count: number,
  ) => ArrayLike<number> | ArrayLike<bigint>;
}

const READINGS: Readonly<Record<string, Reading>> = {
  float64: { bytes: 8, read: (...at) => new Float64Array(...at) },
  float32: { bytes: 4, read: (...at) => new Float32Array(...at) },
  float16: { bytes: 2, read: (...at) => fromHalves(new Uint16Array(...at)) },
  bfloat16: { bytes: 2, read: (...at) => fromBrainHalves(new Uint16Array(...at)) },
  int64: { bytes: 8, read: (...at) => new BigInt64Array(...at) },
  uint64: { bytes: 8, read: (...at) => new BigUint64Array(...at) },
  int32: { bytes: 4, read: (...at) => new Int32Array(...at) },
  uint32: { bytes: 4, read: (...at) => new Uint32Array(...at) },
  int16: { bytes: 2, read: (...at) => new Int16Array(...at) },
  uint16: { bytes: 2, read: (...at) => new Uint16Array(...at) },
  int8: { bytes: 1, read: (...at) => new Int8Array(...at) },
  uint8: { bytes: 1, read: (...at) => new Uint8Array(...at) },
  bool: { bytes: 1, read: (...at) => new Uint8Array(...at) },
};

/** Bytes of an element; undefined of dtypes that are no numbers. */
export function bytesOf(dtype: string): number | undefined {
  return Object.hasOwn(READINGS, dtype) ? READINGS[dtype]!.bytes : undefined;
}

/**
 * The numbers in `bytes`, float32 or int32, as views where they may be. Throws `FormatError` where an integer does not fit, or `dtype` is
 * none that is read.
 */
export function numbersOf(
  where: string,
  dtype: string,
  bytes: Uint8Array,
  bigEndian = false,
): Float32Array | Int32Array {
  const size = bytesOf(dtype);
  if (size === undefined || bytes.length % size !== 0)
    throw new FormatError(`${where}: ${bytes.length} bytes of dtype ${dtype}; use floats and integers`);
  const whole = bigEndian && size > 1 ? swapped(bytes, size) : aligned(bytes, size);
  const { buffer, byteOffset, byteLength } = whole;
  const values = READINGS[dtype]!.read(buffer as ArrayBuffer, byteOffset, byteLength / size);
  if (values instanceof Float32Array || values instanceof Int32Array) return values;
  if (values instanceof Float64Array) return new Float32Array(values);
  const integers = new Int32Array(values.length);
  for (let index = 0; index < values.length; index++) {
    const value = Number(values[index]!);
    integers[index] = value;
    if (integers[index] !== value)
      throw new FormatError(`${where}: element ${index} is ${value}; integers of 32 bits are read`);
  }
  return integers;
}

/** Typed arrays begin at multiples of their elements only. */
function aligned(bytes: Uint8Array, size: number): Uint8Array {
  return bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes);
}

function swapped(bytes: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(bytes.length);
  for (let index = 0; index < bytes.length; index++)
    out[index - (index % size) + size - 1 - (index % size)] = bytes[index]!;
  return out;
}

/** bfloat16 is the upper half of float32. */
function fromBrainHalves(halves: Uint16Array): Float32Array {
  const bits = new Uint32Array(halves.length);
  for (let i = 0; i < bits.length; i++) bits[i] = halves[i]! << 16;
  return new Float32Array(bits.buffer);
}
