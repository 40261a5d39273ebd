/** `sequential`: a model that is a list of layers, each on the result of the one before. */
import type { Tensor } from '../autograd/tensor.ts';
import type { Engine } from '../gpu/engine.ts';
import type { PolicyLike } from '../precision/policy.ts';
import { show } from '../values/dtype.ts';
import { ArgumentError } from '../values/errors.ts';
import type { SampleShape, Shape } from '../values/shape.ts';
import type { InputSpec } from './batches.ts';
import { type AnyLayer, type CallOptions, Layer, type Passed } from './layer.ts';
import { Model } from './model.ts';
import { isShapeList, type Mask, type Tensors } from './several.ts';
import type { SummaryRow } from './summary.ts';

/** A layer of one input; what gives several results, as recurrent layers may, is refused when shapes are known. */
type OneInput = Layer<Tensor, Tensors>;

/** Throws `ArgumentError` where a layer gives several results. */
function oneShape(layer: AnyLayer, sample: Shape): Shape {
  const shape = layer.outputShape(sample);
  if (!isShapeList(shape)) return shape as Shape;
  throw new ArgumentError(
    `sequential: ${layer.name} gives ${shape.length} results; use ht.model, which takes layers of several`,
  );
}

export interface SequentialOptions {
  name?: string;
  /** Shape of one sample. Default: that of the first layer. */
  inputShape?: SampleShape;
  /** The model's own policy, by which `compile` scales losses; layers have their own. Default: the global one. */
  dtype?: PolicyLike;
}

export class Sequential extends Model<Tensor, Tensor> {
  override readonly sublayers: readonly AnyLayer[];

  /** Throws `ArgumentError` unless `layers` are layers, each once. */
  constructor(layers: readonly OneInput[], options: SequentialOptions = {}) {
    checkLayers(layers);
    const { inputShape = layers[0]!.inputShape } = options;
    super('sequential', { ...options, ...(inputShape && { inputShape }) });
    this.sublayers = layers as readonly unknown[] as readonly AnyLayer[];
    if (this.inputShape) this.outputShape(this.inputShape);
  }

  get layers(): readonly AnyLayer[] {
    return this.sublayers;
  }

  override get outputLayers(): readonly AnyLayer[] {
    return this.sublayers.slice(-1);
  }

  get outputNames(): readonly string[] {
    return [this.sublayers.at(-1)!.name];
  }

  get inputSpecs(): readonly InputSpec[] {
    return [{ name: `${this.name}_input`, sample: this.inputShape, dtype: undefined }];
  }

  outputShape(sample: Shape): Shape {
    return this.sublayers.reduce((shape, layer) => oneShape(layer, shape), sample);
  }

  /** The layers check for themselves. */
  protected override checkSample(): void {}

  protected override create(sample: Shape, engine: Engine): void {
    this.checkDeclared(this.where, [sample]);
    let shape = sample;
    for (const layer of this.sublayers) {
      layer.build(shape, engine);
      shape = oneShape(layer, shape);
    }
  }

  protected override run(inputs: readonly Tensor[], masks: readonly Mask[], options: CallOptions): Passed {
    const { training = false } = options;
    const start: Passed = { outputs: inputs, masks, listed: false };
    return this.sublayers.reduce(
      (passed, layer) => layer.pass(passed.outputs, passed.masks, { training }),
      start,
    );
  }

  summaryRows(): readonly SummaryRow[] {
    let shape = this.inputShape ?? this.sampleShape ?? this.sublayers[0]!.sampleShape;
    return this.sublayers.map((layer) => {
      shape = shape && layer.outputShape(shape);
      return { layer, shapes: shape && [shape as Shape] };
    });
  }
}

function checkLayers(layers: readonly OneInput[]): void {
  if (!Array.isArray(layers) || layers.length === 0)
    throw new ArgumentError('sequential: no layers; give at least one');
  const [seen, names] = [new Set<OneInput>(), new Set<string>()];
  for (const [index, layer] of layers.entries()) {
    if (!(layer instanceof Layer)) {
      throw new ArgumentError(
        `sequential: item ${index} is ${show(layer)}; use layers, as ht.layers makes them`,
      );
    }
    if (seen.has(layer)) throw new ArgumentError(`sequential: layer ${layer.name} stands in it twice`);
    if (names.has(layer.name))
      throw new ArgumentError(`sequential: two layers are called '${layer.name}'; name them apart`);
    seen.add(layer);
    names.add(layer.name);
  }
}

export function sequential(layers: readonly OneInput[], options?: SequentialOptions): Sequential {
  return new Sequential(layers, options);
}
