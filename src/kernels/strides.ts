/** Strided access in kernels: axes merged as far as all operands allow, padded to six for the uniform params. */
import { MAX_RANK, type Shape } from '../values/shape.ts';

export interface StridedAccess {
  /** How many axes are left, at least 1. */
  readonly axes: number;
  /** Six sizes, the first ones 1. */
  readonly sizes: readonly number[];
  /** For each operand six strides, in elements. */
  readonly strides: readonly (readonly number[])[];
}

/** Drops axes of size 1 and merges neighbours along which every operand steps evenly. */
export function mergeAxes(shape: Shape, operands: readonly (readonly number[])[]): StridedAccess {
  const sizes: number[] = [];
  const strides: number[][] = operands.map(() => []);
  for (const [axis, size] of shape.entries()) {
    if (size === 1) continue;
    const last = sizes.length - 1;
    const merges = last >= 0 && operands.every((operand, i) => strides[i]![last] === operand[axis]! * size);
    if (merges) {
      sizes[last]! *= size;
      for (const [i, operand] of operands.entries()) strides[i]![last] = operand[axis]!;
    } else {
      sizes.push(size);
      for (const [i, operand] of operands.entries()) strides[i]!.push(operand[axis]!);
    }
  }
  const missing = MAX_RANK - sizes.length;
  return {
    axes: Math.max(1, sizes.length),
    sizes: [...new Array<number>(missing).fill(1), ...sizes],
    strides: strides.map((list) => [...new Array<number>(missing).fill(0), ...list]),
  };
}

/** Whether four neighbours along the last axis always lie in one quad of this operand. */
export function readsQuads({ sizes, strides }: StridedAccess, operand: number): boolean {
  const own = strides[operand]!;
  return sizes.at(-1)! % 4 === 0 && own.at(-1) === 1 && own.slice(0, -1).every((stride) => stride % 4 === 0);
}

/** Whether the operand is read from its start on without gaps. */
function readsLinear({ sizes, strides }: StridedAccess, operand: number): boolean {
  return sizes.slice(0, -1).every((size) => size === 1) && strides[operand]!.at(-1) === 1;
}

/** The ways in which a kernel reads an operand that is broadcast to its result, as its shader's constants name them. */
export type Reading = 'LINEAR' | 'SCALAR' | 'QUADS' | 'ELEMENTS';

export function readingOf(access: StridedAccess, operand: number, { size }: { size: number }): Reading {
  if (size === 1) return 'SCALAR';
  if (readsLinear(access, operand)) return 'LINEAR';
  return readsQuads(access, operand) ? 'QUADS' : 'ELEMENTS';
}
