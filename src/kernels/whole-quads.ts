/** Copies of matrices with rows padded to whole quads, for kernels that read and write nothing less. */
import { copyRowsKernel } from './copy_rows.ts';
import { bytesOf, type Operand, quads } from './operand.ts';

/** `columns` up to the next multiple of 4. */
export function wholeQuads(columns: number): number {
  return quads(columns) * 4;
}

/** Memory for `size` elements with the engine and dtype of another operand; the caller releases it. */
export function scratch(
  { engine, dtype }: Pick<Operand, 'engine' | 'dtype'>,
  size: number,
  where: string,
): Operand {
  return { engine, dtype, size, storage: engine.allocate(bytesOf(dtype, size), 'step', where) };
}

/** `x` itself where its rows are whole quads, else a copy, made for the op `where`, in which zeros fill them up; the caller releases it. */
export function withWholeQuads(x: Operand, rows: number, columns: number, where: string): Operand {
  const padded = wholeQuads(columns);
  if (padded === columns) return x;
  const copy = scratch(x, rows * padded, where);
  copyRowsKernel(x, copy, rows, columns, padded);
  return copy;
}

/**
 * Runs a kernel that takes the last axis, `channels`, for whole quads: where it is none on padded copies, whose result is cut
 * to its own channels.
 */
export function inQuads<T extends readonly Operand[]>(
  inputs: readonly [...T],
  output: Operand,
  channels: number,
  run: (inputs: { readonly [K in keyof T]: Operand }, output: Operand) => void,
  where = 'channels',
): void {
  const rows = (x: Operand) => x.size / channels;
  const padded = inputs.map((x) => withWholeQuads(x, rows(x), channels, where));
  const columns = wholeQuads(channels);
  const result = columns === channels ? output : scratch(output, rows(output) * columns, where);
  run(padded as { [K in keyof T]: Operand }, result);
  if (result === output) return;
  copyRowsKernel(result, output, rows(output), columns, channels);
  for (const { storage } of [...padded, result]) output.engine.release(storage);
}
