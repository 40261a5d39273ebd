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
  severalInQuads(inputs, [output], channels, (padded, [result]) => run(padded, result), where);
}

/** The same of a kernel with several results. */
export function severalInQuads<T extends readonly Operand[], R extends readonly Operand[]>(
  inputs: readonly [...T],
  outputs: readonly [...R],
  channels: number,
  run: (inputs: { readonly [K in keyof T]: Operand }, outputs: { readonly [K in keyof R]: Operand }) => void,
  where = 'channels',
): void {
  const rows = (x: Operand) => x.size / channels;
  const columns = wholeQuads(channels);
  if (columns === channels) {
    run(inputs as { [K in keyof T]: Operand }, outputs as { [K in keyof R]: Operand });
    return;
  }
  const padded = inputs.map((x) => withWholeQuads(x, rows(x), channels, where));
  const results = outputs.map((y) => scratch(y, rows(y) * columns, where));
  run(padded as { [K in keyof T]: Operand }, results as { [K in keyof R]: Operand });
  for (const [i, y] of outputs.entries()) copyRowsKernel(results[i]!, y, rows(y), columns, channels);
  for (const { engine, storage } of [...padded, ...results]) engine.release(storage);
}
