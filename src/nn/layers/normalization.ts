/** What the normalisation layers share: gamma and beta in float32 under every policy, as in Keras. */
import type { Variable } from '../../autograd/variable.ts';
import { ShapeError } from '../../values/errors.ts';
import { normaliseAxes, type Shape, showShape } from '../../values/shape.ts';
import { checkFlag, checkNumber } from '../checks.ts';
import { type Initialiser, type InitialiserLike, toInitialiser } from '../initialisers.ts';
import type { LayerOptions } from '../layer.ts';
import { ElementwiseLayer } from './elementwise.ts';
import { ruleNames, type WeightRuleOptions, type WeightRules, weightRules } from './weight-rules.ts';

export interface NormalizationOptions extends LayerOptions, WeightRuleOptions<'gamma' | 'beta'> {
  /** Whether there is a beta to add. Default true. */
  center?: boolean;
  /** Whether there is a gamma to multiply with. Default true. */
  scale?: boolean;
  /** Default `'zeros'`. */
  betaInitializer?: InitialiserLike;
  /** Default `'ones'`. */
  gammaInitializer?: InitialiserLike;
  /** Added to variances. */
  epsilon?: number;
}

const RULES = ['gamma', 'beta'] as const;
const OPTIONS = [
  ...['center', 'scale', 'betaInitializer', 'gammaInitializer', 'epsilon'],
  ...ruleNames(RULES),
];

export abstract class Normalization extends ElementwiseLayer {
  readonly epsilon: number;
  readonly center: boolean;
  readonly scale: boolean;
  protected gamma: Variable | undefined;
  protected beta: Variable | undefined;
  readonly #gammaInitialiser: Initialiser;
  readonly #betaInitialiser: Initialiser;
  readonly #rules: WeightRules<'gamma' | 'beta'>;

  constructor(kind: string, options: NormalizationOptions, own: readonly string[], epsilon: number) {
    super(kind, options, [...OPTIONS, ...own]);
    this.epsilon = checkNumber(this.name, 'epsilon', options.epsilon ?? epsilon);
    this.center = checkFlag(this.name, 'center', options.center ?? true);
    this.scale = checkFlag(this.name, 'scale', options.scale ?? true);
    this.#gammaInitialiser = toInitialiser(options.gammaInitializer ?? 'ones');
    this.#betaInitialiser = toInitialiser(options.betaInitializer ?? 'zeros');
    this.#rules = weightRules(this.name, options, RULES);
  }

  /** Axes that gamma and beta lie along, the batch being axis 0. */
  protected abstract weightAxes(rank: number): readonly number[];

  override outputShape(sample: Shape): Shape {
    this.weightShape(sample);
    return sample;
  }

  /** Throws `ShapeError` where samples do not have the axes. */
  protected weightShape(sample: Shape): Shape {
    const axes = normaliseAxes(this.name, this.weightAxes(sample.length + 1), sample.length + 1);
    if (axes.includes(0))
      throw new ShapeError(
        `${this.name}: axis 0 is the batch's; use axes of samples ${showShape(sample)}, counted from 1`,
      );
    return axes.map((axis) => sample[axis - 1]!);
  }

  protected override create(sample: Shape): void {
    const shape = this.weightShape(sample);
    if (this.scale) this.gamma = this.#weight('gamma', shape, this.#gammaInitialiser);
    if (this.center) this.beta = this.#weight('beta', shape, this.#betaInitialiser);
  }

  protected override checkSample(sample: Shape, built: Shape): void {
    const [given, made] = [this.weightShape(sample), this.weightShape(built)];
    if (given.join() !== made.join()) this.refuseSample(sample, built);
  }

  /** Gamma and beta as ops take them. */
  protected get weightsRead() {
    return { gamma: this.gamma?.read(), beta: this.beta?.read() };
  }

  #weight(name: 'gamma' | 'beta', shape: Shape, initialiser: Initialiser): Variable {
    return this.addWeight(name, shape, initialiser, { dtype: 'float32', ...this.#rules[name] });
  }
}
