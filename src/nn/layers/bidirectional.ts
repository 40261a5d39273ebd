/** Bidirectional: a recurrent layer from the first step to the last, and one like it from the last to the first. */
import type { Tensor } from '../../autograd/tensor.ts';
import type { Engine } from '../../gpu/engine.ts';
import { add } from '../../ops/add.ts';
import { concat } from '../../ops/concat.ts';
import { mul } from '../../ops/mul.ts';
import { reverse } from '../../ops/reverse.ts';
import { list, show } from '../../values/dtype.ts';
import { ArgumentError } from '../../values/errors.ts';
import type { Shape } from '../../values/shape.ts';
import { type AnyLayer, type CallOptions, Layer, type LayerOptions } from '../layer.ts';
import { listed, type Mask, shapesIn, type Tensors } from '../several.ts';
import { Recurrent } from './recurrent.ts';

export type MergeMode = 'concat' | 'sum' | 'mul' | 'ave' | null;

export interface BidirectionalOptions extends LayerOptions {
  /** That from the first step to the last; the other one is made like it. */
  layer: Recurrent;
  /** How both results become one; null for both by themselves. Default `'concat'`. */
  mergeMode?: MergeMode;
}

const MERGE: Readonly<Record<string, (a: Tensor, b: Tensor) => Tensor>> = {
  concat: (a, b) => concat([a, b], -1),
  sum: add,
  mul,
  ave: (a, b) => mul(add(a, b), 0.5),
};

/** Weights: those of the layer, then those of the one that goes back. */
export class Bidirectional extends Layer<Tensor, Tensors> {
  override readonly supportsMasking = true;
  readonly forward: Recurrent;
  readonly backward: Recurrent;
  readonly mergeMode: MergeMode;
  protected override readonly sublayers: readonly AnyLayer[];

  constructor(options: BidirectionalOptions) {
    super('bidirectional', options, ['layer', 'mergeMode']);
    const { layer, mergeMode = 'concat' } = options;
    if (!(layer instanceof Recurrent))
      throw new ArgumentError(
        `${this.name}: layer is ${show(layer)}; use a recurrent one that ht.layers makes`,
      );
    if (mergeMode !== null && !Object.hasOwn(MERGE, mergeMode))
      throw new ArgumentError(
        `${this.name}: mergeMode ${show(mergeMode)}; use ${list(Object.keys(MERGE))}, or null`,
      );
    this.forward = layer;
    this.backward = layer.reversed(`backward_${layer.name}`);
    this.mergeMode = mergeMode;
    this.sublayers = [this.forward, this.backward] as unknown as AnyLayer[];
  }

  outputShape(sample: Shape): Shape | readonly Shape[] {
    const [result, ...states] = shapesIn(this.forward.outputShape(sample));
    const wide = [...result!.slice(0, -1), 2 * this.forward.units];
    const results =
      this.mergeMode === null ? [result!, result!] : [this.mergeMode === 'concat' ? wide : result!];
    const all = [...results, ...states, ...states];
    return all.length > 1 ? all : all[0]!;
  }

  protected override create(sample: Shape, engine: Engine): void {
    this.forward.build(sample, engine);
    this.backward.build(sample, engine);
  }

  protected override checkSample(): void {}

  override computeMask(_: Tensor, mask: Mask): Mask | readonly Mask[] | null {
    const { returnSequences, returnState, states } = this.forward;
    const results = Array<Mask>(this.mergeMode === null ? 2 : 1).fill(returnSequences ? mask : null);
    const all = [...results, ...Array<Mask>(returnState ? 2 * states : 0).fill(null)];
    return all.length > 1 ? all : all[0]!;
  }

  protected call(x: Tensor, { training = false, mask }: CallOptions): Tensors {
    const both = [this.forward, this.backward].map((layer) => {
      const options = { training, ...(mask ? { mask: mask as Tensor } : {}) };
      const [result, ...states] = listed<Tensor>(layer.apply(x, options));
      // Steps in the order in which the first layer takes them, as in Keras.
      const turned = layer === this.backward && layer.returnSequences;
      return { result: turned ? reverse(result!, 1) : result!, states };
    });
    const [a, b] = both.map(({ result }) => result) as [Tensor, Tensor];
    const results = this.mergeMode === null ? [a, b] : [MERGE[this.mergeMode]!(a, b)];
    const all = [...results, ...both.flatMap(({ states }) => states)];
    return all.length > 1 ? all : all[0]!;
  }
}
