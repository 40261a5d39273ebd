/** `LossScaleOptimizer`: an optimizer that scales the loss so that f16 gradients do not vanish, with Keras's two faces. */
import type { Tensor } from '../../autograd/tensor.ts';
import { tidy } from '../../autograd/tidy.ts';
import type { Variable } from '../../autograd/variable.ts';
import type { Engine } from '../../gpu/engine.ts';
import { cast } from '../../ops/cast.ts';
import { mul } from '../../ops/mul.ts';
import { reciprocal } from '../../ops/reciprocal.ts';
import {
  checkRules,
  type DynamicOptions,
  dynamicLossScale,
  type LossScale,
  type Rules,
  staticLossScale,
} from '../../precision/loss-scale.ts';
import type { ScaleValues } from '../../precision/scale-state.ts';
import { list, show } from '../../values/dtype.ts';
import { ArgumentError } from '../../values/errors.ts';
import { checkFlag } from '../checks.ts';
import { Optimizer, type OptimizerState } from './optimizer.ts';
import { type GradientPair, zip } from './pairs.ts';
import { type OptimizerConfig, optimizerClassName, optimizerFromConfig } from './registry.ts';

export interface LossScaleConfig extends LossScaleOptions {
  innerOptimizer: OptimizerConfig;
}

export interface LossScaleOptions extends DynamicOptions {
  /** Which library's defaults and conventions. Default `'keras3'`. */
  rules?: Rules;
  /** False for a fixed scale, `initialScale`, with the rules of tf.keras or PyTorch. Default true. */
  dynamic?: boolean;
  name?: string;
}

const OPTIONS = [
  ...['rules', 'dynamic', 'name', 'initialScale', 'growthSteps', 'growthFactor', 'backoffFactor'],
  ...['minScale', 'maxScale', 'countSkipped'],
];
const INNER_OPTIONS = [
  ...['learningRate', 'clipNorm', 'globalClipNorm', 'clipValue', 'lossScaleFactor', 'weightDecay'],
  ...['useEma', 'emaMomentum', 'emaOverwriteFrequency', 'gradientAccumulationSteps'],
];

const wrapped = new WeakSet<Optimizer>();

/**
 * Under the rules of Keras 3 and PyTorch: `loss = scaleLoss(loss)` inside the tape, and `applyGradients` takes the
 * scaled gradients. Under those of tf.keras: `getScaledLoss` inside the tape, `getUnscaledGradients`, then
 * `applyGradients`. A step whose gradients are not finite is skipped, and decided on so on the GPU.
 */
export class LossScaleOptimizer {
  readonly innerOptimizer: Optimizer;
  readonly rules: Rules;
  readonly name: string;
  readonly #options: LossScaleOptions;
  readonly #lossScale: LossScale;

  /** Throws `ArgumentError` for an inner optimizer that cannot be wrapped, and for options that are none or not its own. */
  constructor(inner: Optimizer, options: LossScaleOptions = {}) {
    checkInner(inner);
    checkNames(options);
    this.rules = checkRules(options.rules ?? 'keras3');
    this.name = options.name ?? 'LossScaleOptimizer';
    this.#options = { ...options };
    this.#lossScale = lossScaleOf(this.rules, options);
    inner.setLossScaling(this.#lossScale);
    wrapped.add(inner);
    this.innerOptimizer = inner;
  }

  static fromConfig({ innerOptimizer, ...options }: LossScaleConfig): LossScaleOptimizer {
    return new LossScaleOptimizer(optimizerFromConfig(innerOptimizer), options);
  }

  get dynamic(): boolean {
    return this.#lossScale.kind === 'dynamic';
  }

  get initialScale(): number {
    return this.#lossScale.initialScale;
  }

  /** Finite steps after which the scale grows. */
  get growthSteps(): number {
    return this.#lossScale.growthSteps;
  }

  get learningRate(): number {
    return this.innerOptimizer.learningRate;
  }

  set learningRate(value: number) {
    this.innerOptimizer.learningRate = value;
  }

  /** The loss times the scale, in the loss's dtype; a function that returns a loss gives one that returns it scaled. */
  getScaledLoss(loss: Tensor): Tensor;
  getScaledLoss(loss: () => Tensor): () => Tensor;
  getScaledLoss(loss: Tensor | (() => Tensor)): Tensor | (() => Tensor) {
    if (typeof loss === 'function') return () => this.getScaledLoss(loss());
    return this.innerOptimizer.scaleLoss(loss);
  }

  /** Gradients divided by the scale, each in its own dtype; null stays null. */
  getUnscaledGradients(gradients: readonly (Tensor | null)[]): (Tensor | null)[] {
    return gradients.map((gradient) => {
      if (!gradient) return null;
      return mul(gradient, cast(reciprocal(this.innerOptimizer.scale(gradient.engine)), gradient.dtype));
    });
  }

  /** Keras 3's name for `getScaledLoss`. */
  scaleLoss(loss: Tensor): Tensor {
    return this.getScaledLoss(loss);
  }

  /** Ends a step. Gradients are scaled ones, but for the rules of tf.keras, under which they are unscaled ones. */
  applyGradients(pairs: readonly GradientPair[]): void {
    this.innerOptimizer.applyGradients(pairs);
  }

  apply(gradients: readonly (Tensor | null)[], variables: readonly Variable[]): void {
    this.applyGradients(zip(gradients, variables));
  }

  /** The loss, unscaled, and its gradients as `applyGradients` wants them. */
  computeGradients(
    fn: () => Tensor,
    variables: readonly Variable[],
  ): { loss: Tensor; gradients: (Tensor | null)[] } {
    const { loss, gradients } = this.innerOptimizer.computeGradients(fn, variables);
    return { loss, gradients: this.rules === 'tf.keras' ? this.getUnscaledGradients(gradients) : gradients };
  }

  /** One step on the loss that `fn` computes; returns the loss, unscaled. */
  minimize(fn: () => Tensor, variables: readonly Variable[]): Tensor {
    return tidy(() => {
      const { loss, gradients } = this.computeGradients(fn, variables);
      this.apply(gradients, variables);
      return loss;
    });
  }

  /** The present scale. Reads from the GPU; training needs it never. */
  async lossScale(): Promise<number> {
    return (await this.readState()).scale;
  }

  /** Steps that were skipped because a gradient was not finite. */
  async skippedSteps(): Promise<number> {
    return (await this.readState()).skipped;
  }

  async iterations(): Promise<number> {
    return this.innerOptimizer.iterations();
  }

  async readState(): Promise<ScaleValues> {
    return this.innerOptimizer.readState();
  }

  async state(): Promise<OptimizerState> {
    return this.innerOptimizer.state();
  }

  loadState(state: OptimizerState, variables: readonly Variable[]): void {
    this.innerOptimizer.loadState(state, variables);
  }

  /** Whether a moving average of the weights is kept. */
  get averages(): boolean {
    return this.innerOptimizer.averages;
  }

  /** As of the inner optimizer. */
  finalizeVariableValues(variables: readonly Variable[]): void {
    this.innerOptimizer.finalizeVariableValues(variables);
  }

  scale(engine: Engine): Tensor {
    return this.innerOptimizer.scale(engine);
  }

  dispose(): void {
    this.innerOptimizer.dispose();
  }

  /** What `fromConfig` makes the same one of. */
  getConfig(): LossScaleConfig {
    const { innerOptimizer: inner, rules, name, dynamic, initialScale, growthSteps } = this;
    return {
      ...this.#options,
      ...{ rules, name, dynamic, initialScale },
      ...(dynamic ? { growthSteps } : {}),
      innerOptimizer: { className: optimizerClassName(inner), config: inner.getConfig() },
    };
  }
}

function lossScaleOf(rules: Rules, options: LossScaleOptions): LossScale {
  if (checkFlag('LossScaleOptimizer', 'dynamic', options.dynamic ?? true))
    return dynamicLossScale(options, rules);
  if (rules === 'keras3') {
    throw new ArgumentError(
      "LossScaleOptimizer: dynamic false is not in the rules 'keras3'; set lossScaleFactor on the inner optimizer, or use rules 'tf.keras'",
    );
  }
  if (options.initialScale === undefined) {
    throw new ArgumentError('LossScaleOptimizer: dynamic false needs initialScale, the fixed scale');
  }
  const useless = ['growthSteps', 'growthFactor', 'backoffFactor', 'minScale', 'maxScale'].filter(
    (name) => name in options,
  );
  if (useless.length > 0)
    throw new ArgumentError(`LossScaleOptimizer: ${useless.join(', ')} with dynamic false; leave it out`);
  return staticLossScale(options.initialScale, rules);
}

function checkInner(inner: unknown): void {
  if (inner instanceof LossScaleOptimizer) {
    throw new ArgumentError(
      'LossScaleOptimizer: the inner optimizer is a LossScaleOptimizer itself; wrap the one inside it',
    );
  }
  if (!(inner instanceof Optimizer)) {
    throw new ArgumentError(
      `LossScaleOptimizer: the inner optimizer is ${show(inner)}; use one of ht.optimizers`,
    );
  }
  if (wrapped.has(inner)) {
    throw new ArgumentError(
      `LossScaleOptimizer: ${inner.name} is wrapped already; make an optimizer for each wrapper`,
    );
  }
}

function checkNames(options: object): void {
  for (const name of Object.keys(options)) {
    if (INNER_OPTIONS.includes(name)) {
      throw new ArgumentError(`LossScaleOptimizer: ${name} belongs to the inner optimizer; set it there`);
    }
    if (!OPTIONS.includes(name)) {
      throw new ArgumentError(`LossScaleOptimizer: unknown option '${name}'; use ${list(OPTIONS)}`);
    }
  }
}
