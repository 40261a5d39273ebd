/** Types of elements in HDF5: numbers, halves, strings of fixed and of variable length; others are named, not read. */
import type { Cursor } from '../bytes/cursor.ts';

export interface Datatype {
  /** As NumPy would call it: 'float32', 'float16', 'int64', 'bool'; 'string', 'vlen string'; else what it is. */
  readonly name: string;
  /** Bytes of an element where it lies. */
  readonly size: number;
  /** The most significant byte comes first. */
  readonly bigEndian: boolean;
}

const CLASSES = {
  fixed: 0,
  float: 1,
  string: 3,
  opaque: 5,
  enumeration: 8,
  variable: 9,
} as const;

/** Of enumerations and arrays in themselves: h5py's bool is one deep. */
const DEEPEST = 4;

/** The type that a datatype message tells. */
export function readDatatype(cursor: Cursor, depth = 0): Datatype {
  if (depth > DEEPEST) cursor.fail('a type of types of types');
  const kind = cursor.u8();
  const [low = 0] = cursor.bytes(3);
  const size = cursor.u32();
  if (size === 0) cursor.fail('elements of no bytes');
  const bigEndian = (low & 1) === 1;
  switch (kind & 0xf) {
    case CLASSES.fixed:
      return { name: `${low & 8 ? 'int' : 'uint'}${size * 8}`, size, bigEndian };
    case CLASSES.float: {
      cursor.skip(4);
      const [exponent, exponentSize] = cursor.bytes(2);
      const brain = size === 2 && exponentSize === 8 && exponent === 7;
      return { name: brain ? 'bfloat16' : `float${size * 8}`, size, bigEndian };
    }
    case CLASSES.string:
      return { name: 'string', size, bigEndian: false };
    case CLASSES.opaque:
      return { name: 'opaque', size, bigEndian: false };
    case CLASSES.enumeration: {
      const base = readDatatype(cursor, depth + 1);
      return base.name === 'int8' ? { ...base, name: 'bool' } : base;
    }
    case CLASSES.variable:
      return { name: (low & 0xf) === 1 ? 'vlen string' : 'vlen', size, bigEndian: false };
    default:
      return { name: `class ${kind & 0xf}`, size, bigEndian };
  }
}

/** Sizes of a dataspace; [] of a scalar; undefined of one without elements. */
export function readDataspace(cursor: Cursor): readonly number[] | undefined {
  const version = cursor.u8();
  if (version !== 1 && version !== 2) cursor.fail(`a dataspace of version ${version}; use 1 or 2`);
  const rank = cursor.u8();
  cursor.skip(1);
  const kind = cursor.u8();
  if (version === 1) cursor.skip(4);
  else if (kind === 2) return undefined;
  if (rank > 32) cursor.fail(`${rank} dimensions; HDF5 has at most 32`);
  return Array.from({ length: rank }, () => cursor.size());
}

/** How many elements a dataspace has. Throws `FormatError` where no file could hold them. */
export function countOf(cursor: Cursor, shape: readonly number[] | undefined): number {
  const count = shape === undefined ? 0 : shape.reduce((product, size) => product * size, 1);
  if (!Number.isSafeInteger(count)) cursor.fail(`[${shape?.join(', ')}] elements; no file has so many`);
  return count;
}
