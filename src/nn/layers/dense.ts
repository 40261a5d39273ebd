/** Dense: activation(x kernel + bias), over the last axis, in one kernel. */
import type { Tensor } from '../../autograd/tensor.ts';
import type { Variable } from '../../autograd/variable.ts';
import type { Factor } from '../../kernels/layer_scale.ts';
import { matMul } from '../../ops/mat-mul.ts';
import { reshape } from '../../ops/reshape.ts';
import { ShapeError } from '../../values/errors.ts';
import type { Shape } from '../../values/shape.ts';
import { type ActivationName, activate, checkActivation, fusedActivation } from '../activations.ts';
import { checkCount, checkFlag } from '../checks.ts';
import { type Initialiser, type InitialiserLike, toInitialiser } from '../initialisers.ts';
import { Layer, type LayerOptions } from '../layer.ts';
import { ruleNames, type WeightRuleOptions, type WeightRules, weightRules } from './weight-rules.ts';

export interface DenseOptions extends LayerOptions, WeightRuleOptions<'kernel' | 'bias'> {
  /** Size of the last axis of the result. */
  units: number;
  /** Default `'linear'`. */
  activation?: ActivationName;
  /** Default true. */
  useBias?: boolean;
  /** Default `'glorotUniform'`. */
  kernelInitializer?: InitialiserLike;
  /** Default `'zeros'`. */
  biasInitializer?: InitialiserLike;
}

const RULES = ['kernel', 'bias'] as const;
const OPTIONS = [
  ...['units', 'activation', 'useBias', 'kernelInitializer', 'biasInitializer'],
  ...ruleNames(RULES),
];

export class Dense extends Layer {
  override readonly supportsMasking = true;
  readonly units: number;
  readonly activation: ActivationName;
  readonly #kernelInitialiser: Initialiser;
  readonly #biasInitialiser: Initialiser;
  readonly useBias: boolean;
  readonly #rules: WeightRules<'kernel' | 'bias'>;
  #kernel: Variable | undefined;
  #bias: Variable | undefined;

  constructor(options: DenseOptions) {
    super('dense', options, OPTIONS);
    this.units = checkCount(this.name, 'units', options.units);
    this.activation = checkActivation(this.name, options.activation ?? 'linear');
    this.#kernelInitialiser = toInitialiser(options.kernelInitializer ?? 'glorotUniform');
    this.#biasInitialiser = toInitialiser(options.biasInitializer ?? 'zeros');
    this.useBias = checkFlag(this.name, 'useBias', options.useBias ?? true);
    this.#rules = weightRules(this.name, options, RULES);
  }

  outputShape(sample: Shape): Shape {
    if (sample.length < 1) throw new ShapeError(`${this.name}: samples are scalars; use (..., features)`);
    return [...sample.slice(0, -1), this.units];
  }

  protected override create(sample: Shape): void {
    const { kernel, bias } = this.#rules;
    this.#kernel = this.addWeight('kernel', [sample.at(-1)!, this.units], this.#kernelInitialiser, kernel);
    if (this.useBias) this.#bias = this.addWeight('bias', [this.units], this.#biasInitialiser, bias);
  }

  protected override get gradientFactor(): Factor {
    return { weight: this.#kernel!.values, terms: this.units };
  }

  protected call(x: Tensor): Tensor {
    const rows = x.rank === 2 ? x : reshape(x, [-1, x.shape.at(-1)!]);
    const fused = fusedActivation(this.activation);
    const product = matMul(rows, this.read(this.#kernel!), false, false, {
      activation: fused,
      ...(this.#bias ? { bias: this.read(this.#bias) } : {}),
    });
    const result = fused === this.activation ? product : activate(this.activation, product);
    return x.rank === 2 ? result : reshape(result, [...x.shape.slice(0, -1), this.units]);
  }
}
