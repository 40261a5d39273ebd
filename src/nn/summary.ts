/** The table that `summary` shows: layers, output shapes, dtypes, numbers of weights, and where inputs come from. */
import { type Shape, showShape, sizeOf } from '../values/shape.ts';
import { textTable } from '../values/text-table.ts';
import type { AnyLayer } from './layer.ts';

const HEAD = ['Layer (type)', 'Output shape', 'Compute / variables', 'Weights'];

export interface SummaryRow {
  readonly layer: AnyLayer;
  /** Of one sample of each result; without an input shape, and before the first call, they are not known. */
  readonly shapes: readonly Shape[] | undefined;
  /** Names of the layers whose results it takes, where they are not simply the one before. */
  readonly from?: readonly string[];
}

type Weights = readonly { readonly shape: Shape }[];

export function summaryOf(
  rows: readonly SummaryRow[],
  model: { readonly weights: Weights; readonly trainableVariables: Weights },
): string {
  const connected = rows.some(({ from }) => from);
  const cells = rows.map(({ layer, shapes, from = [] }) => {
    const { computeDtype, variableDtype } = layer.policy;
    return [
      `${layer.name} (${layer.constructor.name})`,
      shapes?.map((shape) => showShape(['n' as unknown as number, ...shape])).join(', ') ?? '?',
      `${computeDtype} / ${variableDtype}`,
      layer.built ? countOf(layer.weights).toLocaleString('en-US') : '?',
      ...(connected ? [from.join(', ')] : []),
    ];
  });
  const table = textTable(connected ? [...HEAD, 'Connected to'] : HEAD, cells);
  const total = `Weights: ${countOf(model.weights).toLocaleString('en-US')}, trainable: ${countOf(model.trainableVariables).toLocaleString('en-US')}`;
  return [table, table.split('\n')[1]!, total].join('\n');
}

function countOf(weights: Weights): number {
  return weights.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}
