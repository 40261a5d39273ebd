/** Predictions for all samples: a program batch by batch, its results read into one array for each output. */
import type { Tensor } from '../autograd/tensor.ts';
import type { Engine } from '../gpu/engine.ts';
import { fromValues } from '../ops/input.ts';
import { type Shape, sizeOf } from '../values/shape.ts';
import type { Batches } from './batches.ts';
import { inOrder } from './data.ts';

/** Float32 tensors (n, ...), one for each result of `program`, which gives (batch, ...). */
export async function predictBatches(
  engine: Engine,
  program: (...batch: Tensor[]) => readonly Tensor[],
  data: Batches,
  batchSize: number,
): Promise<Tensor[]> {
  const order = inOrder(data.count);
  const parts: { shape: Shape; values: Float32Array }[] = [];
  for (let from = 0; from < data.count; from += batchSize) {
    const { inputs } = data.batch(engine, order, from, Math.min(from + batchSize, data.count));
    const results = program(...inputs);
    for (const input of inputs) input.dispose();
    const read = await Promise.all(results.map((result) => result.data()));
    for (const [index, result] of results.entries()) {
      const shape = [data.count, ...result.shape.slice(1)];
      parts[index] ??= { shape, values: new Float32Array(sizeOf(shape)) };
      const { values } = parts[index];
      values.set(read[index]!, (from * values.length) / data.count);
      result.dispose();
    }
  }
  return parts.map(({ shape, values }) => fromValues(engine, values, shape, 'float32', 'predict'));
}
