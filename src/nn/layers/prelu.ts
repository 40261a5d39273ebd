/** PReLU: x, below 0 alpha x with an alpha that is learnt (He et al. 2015). */
import type { Tensor } from '../../autograd/tensor.ts';
import type { Variable } from '../../autograd/variable.ts';
import { prelu } from '../../ops/prelu.ts';
import { list, show } from '../../values/dtype.ts';
import { ArgumentError } from '../../values/errors.ts';
import { type Shape, showShape } from '../../values/shape.ts';
import { checkCounts } from '../checks.ts';
import { type Initialiser, type InitialiserLike, toInitialiser } from '../initialisers.ts';
import type { LayerOptions } from '../layer.ts';
import { ElementwiseLayer } from './elementwise.ts';
import { ruleNames, type WeightRuleOptions, type WeightRules, weightRules } from './weight-rules.ts';

export interface PReLUOptions extends LayerOptions, WeightRuleOptions<'alpha'> {
  /** Default `'zeros'`. */
  alphaInitializer?: InitialiserLike;
  /** Axes along which one alpha serves all, counted from 1: the batch is axis 0. Default: none. */
  sharedAxes?: readonly number[];
}

export class PReLU extends ElementwiseLayer {
  readonly sharedAxes: readonly number[];
  readonly #initialiser: Initialiser;
  readonly #rules: WeightRules<'alpha'>;
  #alpha: Variable | undefined;

  constructor(options: PReLUOptions = {}) {
    super('prelu', options, ['alphaInitializer', 'sharedAxes', ...ruleNames(['alpha'])]);
    this.#initialiser = toInitialiser(options.alphaInitializer ?? 'zeros');
    this.#rules = weightRules(this.name, options, ['alpha']);
    this.sharedAxes = checkCounts(this.name, 'sharedAxes', options.sharedAxes ?? []);
  }

  override outputShape(sample: Shape): Shape {
    const beyond = this.sharedAxes.find((axis) => axis > sample.length);
    if (beyond === undefined) return sample;
    throw new ArgumentError(
      `${this.name}: sharedAxes names axis ${show(beyond)} of samples ${showShape(sample)}; use ${list(sample.map((_, axis) => `${axis + 1}`))}`,
    );
  }

  protected override create(sample: Shape): void {
    const shape = sample.map((size, axis) => (this.sharedAxes.includes(axis + 1) ? 1 : size));
    this.#alpha = this.addWeight('alpha', shape, this.#initialiser, this.#rules.alpha);
  }

  protected override checkSample(sample: Shape, built: Shape): void {
    const unshared = (shape: Shape) => shape.filter((_, axis) => !this.sharedAxes.includes(axis + 1));
    const fits = sample.length === built.length && unshared(sample).join() === unshared(built).join();
    if (!fits) this.refuseSample(sample, built);
  }

  protected call(x: Tensor): Tensor {
    return prelu(x, this.read(this.#alpha!));
  }
}
