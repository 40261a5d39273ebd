/** A model's prediction seen layer by layer: who is called, on whose results. */

import { observingParts } from '../autograd/observing.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { tidy } from '../autograd/tidy.ts';
import type { Engine } from '../gpu/engine.ts';
import { Batches, readInputs } from '../nn/batches.ts';
import { inOrder } from '../nn/data.ts';
import type { AnyLayer, CallOptions } from '../nn/layer.ts';
import { Model } from '../nn/model.ts';
import type { SamplesBy } from '../nn/samples.ts';
import { like, type Tensors } from '../nn/several.ts';
import type { Shape } from '../values/shape.ts';

/** One call of a layer that is no model. */
export interface LayerCall {
  /** `encoder/dense_1`; behind it the number of the call where a layer is called again. */
  readonly path: string;
  readonly layer: AnyLayer;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  /** The paths that gave the inputs; undefined for an input of the model. */
  readonly from: readonly (string | undefined)[];
}

/** The layers that are no models, by their paths. */
export function layerPaths(model: Model, prefix = ''): ReadonlyMap<AnyLayer, string> {
  return new Map(
    model.layers.flatMap((layer) =>
      layer instanceof Model
        ? [...layerPaths(layer, `${prefix}${layer.name}/`)]
        : [[layer, `${prefix}${layer.name}`] as const],
    ),
  );
}

/** Runs a prediction; `visit` sees each call while its tensors live. The results are the caller's. */
export function visitCalls(
  model: Model,
  inputs: readonly Tensor[],
  visit: (call: LayerCall) => void,
): readonly Tensor[] {
  const paths = layerPaths(model);
  const calls = new Map<AnyLayer, number>();
  const makers = new Map<number, string>();
  return tidy(() =>
    observingParts(
      (seen, taken, outputs) => {
        const layer = seen as AnyLayer;
        const known = paths.get(layer);
        if (known === undefined) return;
        const count = (calls.get(layer) ?? 0) + 1;
        calls.set(layer, count);
        const path = count === 1 ? known : `${known} (${count})`;
        const from = taken.map(({ id }) => makers.get(id));
        visit({ path, layer, inputs: taken, outputs, from });
        for (const { id } of outputs) makers.set(id, path);
      },
      () => {
        const masks = inputs.map(() => null);
        return model.pass(inputs, masks, {} as CallOptions<Tensors>).outputs;
      },
    ),
  );
}

/** Batches of a model's inputs, its weights made where they were not. Throws `ShapeError`, `DataError`, `ArgumentError`. */
export async function* inputBatches(
  where: string,
  model: Model,
  engine: Engine,
  x: SamplesBy,
  batchSize: number,
): AsyncGenerator<readonly Tensor[]> {
  const data = new Batches(where, await readInputs(where, model.inputSpecs, x), [], []);
  const samples = data.inputs.map(({ shape }) => shape.slice(1));
  model.build(like<Tensors, Shape>(model.inputSpecs.length > 1, samples), engine);
  const order = inOrder(data.count);
  for (let from = 0; from < data.count; from += batchSize) {
    const { inputs } = data.batch(engine, order, from, Math.min(from + batchSize, data.count));
    try {
      yield inputs;
    } finally {
      for (const input of inputs) input.dispose();
    }
  }
}
