/** The table that `summary` shows: layers, output shapes, dtypes and numbers of weights. */
import { type Shape, showShape, sizeOf } from '../values/shape.ts';
import { textTable } from '../values/text-table.ts';
import type { Layer } from './layer.ts';

const HEAD = ['Layer (type)', 'Output shape', 'Compute / variables', 'Weights'];

/** Without an input shape, and before the first call, shapes and numbers are not known. */
export function summaryOf(layers: readonly Layer[]): string {
  let shape: Shape | undefined = layers[0]!.inputShape ?? layers[0]!.sampleShape;
  const rows = layers.map((layer) => {
    shape = shape && layer.outputShape(shape);
    const { computeDtype, variableDtype } = layer.policy;
    return [
      `${layer.name} (${layer.constructor.name})`,
      shape ? showShape(['n' as unknown as number, ...shape]) : '?',
      `${computeDtype} / ${variableDtype}`,
      layer.built ? countOf(layer.weights).toLocaleString('en-US') : '?',
    ];
  });
  const table = textTable(HEAD, rows);
  const all = layers.flatMap(({ weights }) => weights);
  const trainable = layers.flatMap(({ trainableVariables }) => trainableVariables);
  const total = `Weights: ${countOf(all).toLocaleString('en-US')}, trainable: ${countOf(trainable).toLocaleString('en-US')}`;
  return [table, table.split('\n')[1]!, total].join('\n');
}

function countOf(weights: readonly { shape: Shape }[]): number {
  return weights.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}
