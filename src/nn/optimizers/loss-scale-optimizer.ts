/** `LossScaleOptimizer`: an optimizer that scales the loss so that f16 gradients do not vanish, with Keras's two faces. */
import type { Tensor } from '../../autograd/tensor.ts';
import { tidy } from '../../autograd/tidy.ts';
import type { Variable } from '../../autograd/variable.ts';
import type { Engine } from '../../gpu/engine.ts';
import type { LossScale, Rules } from '../../precision/loss-scale.ts';
import type { ScaleState, ScaleValues } from '../../precision/scale-state.ts';
import { show } from '../../values/dtype.ts';
import { ArgumentError } from '../../values/errors.ts';
import { Optimizer, type OptimizerState } from './optimizer.ts';
import { type GradientPair, zip } from './pairs.ts';
import { type OptimizerConfig, optimizerClassName, optimizerFromConfig } from './registry.ts';
import { type LossScaleOptions, lossScaleOf } from './scale-options.ts';
import { unscaledGradients } from './scaling.ts';

export interface LossScaleConfig extends LossScaleOptions {
  innerOptimizer: OptimizerConfig;
}

/**
 * Under the rules of Keras 3 and PyTorch: `loss = scaleLoss(loss)` inside the tape, and `applyGradients` takes the
 * scaled gradients. Under those of tf.keras: `getScaledLoss` inside the tape, `getUnscaledGradients`, then
 * `applyGradients`. A step whose gradients are not finite is skipped, and decided on so on the GPU. To clip gradients by hand,
 * `unscaleGradients` comes between, under all rules. One scale for several optimizers is `GradScaler`'s.
 */
export class LossScaleOptimizer {
  readonly innerOptimizer: Optimizer;
  readonly rules: Rules;
  readonly name: string;
  readonly #options: LossScaleOptions;
  readonly #lossScale: LossScale;
  /** Whether the user has ever asked for a scaled loss, or the scale, and for unscaled gradients. */
  readonly #asked = { scale: false, unscale: false };
  #warned = false;

  /** Throws `ArgumentError` for an inner optimizer that cannot be wrapped, and for options that are none or not its own. */
  constructor(inner: Optimizer, options: LossScaleOptions = {}) {
    checkInner(inner);
    this.#lossScale = lossScaleOf('LossScaleOptimizer', options, 'keras3');
    this.rules = options.rules ?? 'keras3';
    this.name = options.name ?? 'LossScaleOptimizer';
    this.#options = { ...options };
    inner.setLossScaling(this.#lossScale, this);
    this.innerOptimizer = inner;
  }

  static fromConfig({ innerOptimizer, ...options }: LossScaleConfig): LossScaleOptimizer {
    return new LossScaleOptimizer(optimizerFromConfig(innerOptimizer), options);
  }

  get lossScaling(): LossScale {
    return this.#lossScale;
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
    this.#asked.scale = true;
    return this.innerOptimizer.scaleLoss(loss);
  }

  /**
   * Gradients divided by the scale, each in its own dtype; null stays null. A value like any other: also for the gradients of an inner
   * tape that a penalty is made of. Throws `ArgumentError` for gradients that are unscaled already.
   */
  getUnscaledGradients(gradients: readonly (Tensor | null)[]): (Tensor | null)[] {
    this.#asked.unscale = true;
    if (this.#lossScale.kind === 'none') return [...gradients];
    return unscaledGradients(`${this.name}.getUnscaledGradients`, gradients, (engine) =>
      this.innerOptimizer.scale(engine),
    );
  }

  /** As of the inner optimizer: for clipping by hand, before `applyGradients`; PyTorch's `unscale_`. */
  unscaleGradients(gradients: readonly (Tensor | null)[]): (Tensor | null)[] {
    this.#asked.unscale = true;
    return this.innerOptimizer.unscaleGradients(gradients);
  }

  /** Keras 3's name for `getScaledLoss`. */
  scaleLoss(loss: Tensor): Tensor {
    return this.getScaledLoss(loss);
  }

  /**
   * Ends a step. Gradients are scaled ones, but for the rules of tf.keras and after `unscaleGradients`, where they are unscaled ones.
   * Warns, once, where no loss was scaled so far, or where tf.keras's gradients never were unscaled.
   */
  applyGradients(pairs: readonly GradientPair[]): void {
    this.#warnOfForgotten();
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
    this.#asked.scale = true;
    const { loss, gradients } = this.innerOptimizer.computeGradients(fn, variables);
    return {
      loss,
      gradients: this.#lossScale.scaledGradients ? gradients : this.getUnscaledGradients(gradients),
    };
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

  stateOn(engine: Engine): ScaleState {
    return this.innerOptimizer.stateOn(engine);
  }

  /** The present scale, a float32 scalar on the GPU: for losses and gradients that are scaled by hand. */
  scale(engine: Engine): Tensor {
    this.#asked.scale = true;
    this.#asked.unscale = true;
    return this.innerOptimizer.scale(engine);
  }

  dispose(): void {
    this.innerOptimizer.dispose();
  }

  /** What `fromConfig` makes the same one of. */
  getConfig(): LossScaleConfig {
    const { innerOptimizer: inner, rules, name, dynamic, initialScale, growthSteps } = this;
    const numbers = { rules, dynamic, initialScale, ...(dynamic ? { growthSteps } : {}) };
    return {
      ...this.#options,
      ...{ name, ...(this.#options.lossScale ? {} : numbers) },
      innerOptimizer: { className: optimizerClassName(inner), config: inner.getConfig() },
    };
  }

  #warnOfForgotten(): void {
    const { kind, scaledGradients } = this.#lossScale;
    const { scale, unscale } = this.#asked;
    if (this.#warned || kind === 'none' || (scale && (unscale || scaledGradients))) return;
    this.#warned = true;
    const forgotten = [
      ...(scale ? [] : [scaledGradients ? 'scaleLoss' : 'getScaledLoss']),
      ...(unscale || scaledGradients ? [] : ['getUnscaledGradients']),
    ];
    const [where, rules] = [`${this.name}.applyGradients`, `the rules '${this.rules}'`];
    const advice = scaledGradients
      ? `under ${rules} it divides gradients by the loss scale; scale the loss inside the tape, or use minimize`
      : `under ${rules} the loss is scaled inside the tape and its gradients are unscaled before they are applied; call both, or use minimize`;
    console.warn(
      `${where}: ${forgotten.join(' and ')} ${forgotten.length > 1 ? 'were' : 'was'} never called: ${advice}`,
    );
  }
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
}
