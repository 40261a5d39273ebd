/** A model's prediction seen layer by layer, or node by node of a graph: what is called, on whose results. */
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
import { casting } from '../nn/steps.ts';
import type { AutocastOptions } from '../precision/autocast.ts';
import { ArgumentError, ShapeError } from '../values/errors.ts';
import type { Shape } from '../values/shape.ts';
import { GraphModel } from './graph/graph-model.ts';

/** A trained model: of layers, or a graph of ops. */
export type Trained = Model | GraphModel;

/** One call of a layer that is no model, or of a node. */
export interface LayerCall {
  /** `encoder/dense_1`; behind it the number of the call where a layer is called again. Of a node its name. */
  readonly path: string;
  readonly layer: AnyLayer | undefined;
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

/** Runs a prediction by the model's rules; `visit` sees each call while its tensors live. The results are the caller's. */
export function visitCalls(
  model: Trained,
  inputs: readonly Tensor[],
  visit: (call: LayerCall) => void,
): readonly Tensor[] {
  const paths = model instanceof Model ? layerPaths(model) : undefined;
  const calls = new Map<object, number>();
  const makers = new Map<number, string>();
  return tidy(() =>
    observingParts(
      (seen, taken, outputs) => {
        const layer = paths ? (seen as AnyLayer) : undefined;
        const known = layer ? paths!.get(layer) : (seen as { readonly name: string }).name;
        if (known === undefined) return;
        const count = (calls.get(seen) ?? 0) + 1;
        calls.set(seen, count);
        const path = count === 1 ? known : `${known} (${count})`;
        const from = taken.map(({ id }) => makers.get(id));
        visit({ path, layer, inputs: taken, outputs, from });
        for (const { id } of outputs) makers.set(id, path);
      },
      () => predicted(model, inputs),
    ),
  );
}

/** The results of a batch, at once: no program is kept. */
export function predicted(model: Trained, inputs: readonly Tensor[]): readonly Tensor[] {
  if (model instanceof GraphModel) return model.pass(inputs);
  const engine = inputs[0]!.engine;
  return casting({ autocast: model.autocast, engine }, () => {
    const masks = inputs.map(() => null);
    return model.pass(inputs, masks, {} as CallOptions<Tensors>).outputs;
  });
}

/** Runs `fn` with all of the model in float32. */
export async function inFloat32<T>(model: Trained, fn: () => T | Promise<T>): Promise<T> {
  return underRules(model, undefined, () =>
    model instanceof Model ? model.underPolicy('float32', async () => fn()) : fn(),
  );
}

/** Runs `fn` with these rules as the model's own. */
export async function underRules<T>(
  model: Trained,
  rules: AutocastOptions | undefined,
  fn: () => T | Promise<T>,
): Promise<T> {
  const own = model.autocast;
  model.autocast = rules;
  try {
    return await fn();
  } finally {
    model.autocast = own;
  }
}

/** Batches of a model's inputs, its weights made where they were not. Throws `ShapeError`, `DataError`, `ArgumentError`. */
export async function* inputBatches(
  where: string,
  model: Trained,
  engine: Engine,
  x: SamplesBy,
  batchSize: number,
): AsyncGenerator<readonly Tensor[]> {
  const data = new Batches(where, await readInputs(where, model.inputSpecs, x), [], []);
  const size = model instanceof Model ? batchSize : (model.batchSize ?? batchSize);
  if (model instanceof Model) {
    const samples = data.inputs.map(({ shape }) => shape.slice(1));
    model.build(like<Tensors, Shape>(model.inputSpecs.length > 1, samples), engine);
  } else if (model.inputs.some(({ shape }) => shape?.length === 0))
    throw new ArgumentError(`${where}: the graph has a scalar among its inputs; use models of samples`);
  else if (model.batchSize !== undefined && data.count % size !== 0)
    throw new ShapeError(
      `${where}: ${data.count} samples, and the graph takes ${size} at a time; use a multiple of that`,
    );
  const order = inOrder(data.count);
  for (let from = 0; from < data.count; from += size) {
    const { inputs } = data.batch(engine, order, from, Math.min(from + size, data.count));
    try {
      yield inputs;
    } finally {
      for (const input of inputs) input.dispose();
    }
  }
}
