/** The element types of tensors, and how many bytes and which typed array each one has on the host. */
import { DtypeError } from './errors.ts';

export const DTYPES = ['float32', 'float16', 'int32', 'uint32', 'bool'] as const;

/** Element type of a tensor. `bool` lies in GPU memory as one u32 of 0 or 1 an element. */
export type DType = (typeof DTYPES)[number];
export type FloatDType = 'float32' | 'float16';

/** Bytes that one element takes in GPU memory. */
export const BYTES: Readonly<Record<DType, number>> = {
  float32: 4,
  float16: 2,
  int32: 4,
  uint32: 4,
  bool: 4,
};

export function isFloat(dtype: DType): dtype is FloatDType {
  return dtype === 'float32' || dtype === 'float16';
}

/** Returns `value` as a dtype. Throws `DtypeError` when it is none, naming `where`. */
export function checkDType(where: string, value: unknown): DType {
  if ((DTYPES as readonly unknown[]).includes(value)) return value as DType;
  throw new DtypeError(`${where}: unknown dtype ${show(value)}; use ${list(DTYPES)}`);
}

/** Throws `DtypeError` unless `dtype` is among `accepted`. */
export function requireDType(where: string, name: string, dtype: DType, accepted: readonly DType[]): void {
  if (!accepted.includes(dtype)) {
    throw new DtypeError(`${where}: ${name} is ${dtype}; use ${list(accepted)}`);
  }
}

/** `'a', 'b' or 'c'`, for messages. */
export function list(values: readonly string[]): string {
  const quoted = values.map((value) => `'${value}'`);
  if (quoted.length < 2) return quoted.join('');
  return `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`;
}

/** A value as it should stand in an error message. */
export function show(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'function') return value.name ? `function ${value.name}` : 'a function';
  if (Array.isArray(value)) return `[${value.map(show).join(', ')}]`;
  if (typeof value === 'object' && value !== null) return value.constructor?.name ?? 'an object';
  return String(value);
}
