/** TimeDistributed: a layer applied to each step of (steps, ...) by itself. */
import type { Tensor } from '../../autograd/tensor.ts';
import type { Engine } from '../../gpu/engine.ts';
import { reshape } from '../../ops/reshape.ts';
import { show } from '../../values/dtype.ts';
import { ArgumentError, ShapeError } from '../../values/errors.ts';
import { type Shape, showShape } from '../../values/shape.ts';
import { type AnyLayer, type CallOptions, Layer, type LayerOptions } from '../layer.ts';

export interface TimeDistributedOptions extends LayerOptions {
  /** A layer of one input and one result. */
  layer: Layer;
}

export class TimeDistributed extends Layer {
  override readonly supportsMasking = true;
  readonly layer: Layer;
  override readonly sublayers: readonly AnyLayer[];

  constructor(options: TimeDistributedOptions) {
    super('timeDistributed', options, ['layer']);
    const { layer } = options;
    if (!(layer instanceof Layer))
      throw new ArgumentError(`${this.name}: layer is ${show(layer)}; use one that ht.layers makes`);
    this.layer = layer;
    this.sublayers = [layer as unknown as AnyLayer];
  }

  outputShape(sample: Shape): Shape {
    if (sample.length < 2)
      throw new ShapeError(`${this.name}: samples are ${showShape(sample)}; use (steps, ...)`);
    return [sample[0]!, ...this.layer.outputShape(sample.slice(1))];
  }

  protected override create(sample: Shape, engine: Engine): void {
    this.layer.build(sample.slice(1), engine);
  }

  /** Any number of steps fits; the layer checks one of them. */
  protected override checkSample(): void {}

  protected call(x: Tensor, { training = false }: CallOptions): Tensor {
    const [batch, steps, ...sample] = x.shape as [number, number, ...number[]];
    const y = this.layer.apply(reshape(x, [batch * steps, ...sample]), { training });
    return reshape(y, [batch, steps, ...y.shape.slice(1)]);
  }
}
