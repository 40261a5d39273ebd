// A row of the layer table: a layer without random numbers, and the plain function in f64 that it must equal.
import type * as ht from '../../src/node.ts';
import type { Draw } from '../ops/draws.ts';
import type { Plain } from '../reference/array.ts';

type Layers = typeof ht.layers;

export interface LayerRow {
  /** Name in `ht.layers`. */
  readonly layer: keyof Layers;
  readonly options?: object;
  /** Shapes of the inputs, batch first. */
  readonly inputs: readonly (readonly number[])[];
  /** Of the inputs, then the weights in the layer's order. */
  reference(...arrays: Plain[]): Plain;
  /** Default: multiples of 1/64 and a little, from -2 to 2. */
  readonly draws?: Draw;
  /** Under which the layer runs. Default: both. */
  readonly policies?: readonly ('float32' | 'mixed_float16')[];
  /** Values added up in one result. Default 1. */
  readonly terms?: number;
}

/** A row for each shape of the only input. */
export function rows(
  layer: keyof Layers,
  options: object,
  reference: LayerRow['reference'],
  shapes: readonly (readonly number[])[],
): LayerRow[] {
  return shapes.map((shape) => ({ layer, options, reference, inputs: [shape] }));
}
