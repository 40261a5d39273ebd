/** The base of optimizers: one loop over the variables, clipping, loss scaling; an optimizer is its slots plus a rule. */
import { GradientTape } from '../../autograd/tape.ts';
import type { Tensor } from '../../autograd/tensor.ts';
import { tidy } from '../../autograd/tidy.ts';
import type { Variable } from '../../autograd/variable.ts';
import type { Engine } from '../../gpu/engine.ts';
import type { UpdateTarget } from '../../kernels/optimizer.ts';
import { overwriteKernel } from '../../kernels/optimizer.ts';
import { cast } from '../../ops/cast.ts';
import { mul } from '../../ops/mul.ts';
import { type LossScale, NO_LOSS_SCALE, staticLossScale } from '../../precision/loss-scale.ts';
import { ScaleState, type ScaleValues } from '../../precision/scale-state.ts';
import { isFloat, show } from '../../values/dtype.ts';
import { ArgumentError, DtypeError, ShapeError } from '../../values/errors.ts';
import { checkOptions } from '../../values/options.ts';
import { sameShape, showShape } from '../../values/shape.ts';
import { type Clipping, checkClipping, clip, type GradientRun } from './clipping.ts';
import { gradientArena } from './gradient-arena.ts';
import { Slots, type SlotValues } from './slots.ts';

export interface OptimizerOptions extends Clipping {
  /** Default: the optimizer's own. */
  learningRate?: number;
  /** A fixed loss scale: `scaleLoss` multiplies with it, `apply` divides it out. A `LossScaleOptimizer` overrules it. */
  lossScaleFactor?: number;
  name?: string;
}

const OPTIONS = ['learningRate', 'clipNorm', 'globalClipNorm', 'clipValue', 'lossScaleFactor', 'name'];

export type GradientPair = readonly [gradient: Tensor | null, variable: Variable];

/** Everything that a checkpoint needs; slot values in float32. */
export interface OptimizerState {
  readonly scale: Partial<ScaleValues>;
  readonly slots: SlotValues;
}

export abstract class Optimizer {
  readonly name: string;
  readonly clipping: Clipping;
  /** Names of the slots; each variable has one of its shape and dtype for every name, zero at the start. */
  protected abstract readonly slotNames: readonly string[];
  readonly #slots = new Slots(() => this.slotNames);
  #lossScale: LossScale;
  #learningRate: number;
  #state: ScaleState | undefined;
  #restored: Partial<ScaleValues> = {};

  /** `own` names the options that a kind of optimizer adds. */
  constructor(kind: string, learningRate: number, options: OptimizerOptions, own: readonly string[]) {
    checkOptions(kind, options, [...own, ...OPTIONS]);
    this.name = options.name ?? kind;
    this.#learningRate = checkRate(learningRate);
    this.clipping = checkClipping(options);
    const factor = options.lossScaleFactor;
    this.#lossScale =
      factor === undefined ? NO_LOSS_SCALE : { ...staticLossScale(factor), scaledGradients: true };
  }

  /** Launches the update of one variable. */
  protected abstract update(target: UpdateTarget, slots: readonly Tensor[]): void;

  /** Factors of the running products that Adam corrects its bias with. */
  protected get betas(): { beta1: number; beta2: number } {
    return { beta1: 1, beta2: 1 };
  }

  abstract getConfig(): Record<string, unknown>;

  get lossScaling(): LossScale {
    return this.#lossScale;
  }

  /** Sets how losses are scaled; for `LossScaleOptimizer`, before the first step. */
  setLossScaling(lossScale: LossScale): void {
    if (this.#state)
      throw new ArgumentError(`${this.name}: it has made steps already; wrap it before the first one`);
    this.#lossScale = lossScale;
  }

  get learningRate(): number {
    return this.#learningRate;
  }

  /** Takes effect from the next step on, in jitted programs too. */
  set learningRate(value: number) {
    this.#learningRate = checkRate(value);
    this.#restored = { ...this.#restored, learningRate: value };
    this.#state?.write({ learningRate: value });
  }

  /** The loss times the loss scale, in the loss's dtype; the loss itself where there is no scaling. */
  scaleLoss(loss: Tensor): Tensor {
    if (this.#lossScale.kind === 'none') return loss;
    return mul(loss, cast(this.scale(loss.engine), loss.dtype));
  }

  /** The present loss scale, a float32 scalar on the GPU. */
  scale(engine: Engine): Tensor {
    return this.stateOn(engine).scale;
  }

  /** Applies one gradient to each variable, as `zip` pairs them; pairs without a gradient are passed over. */
  applyGradients(pairs: readonly GradientPair[]): void {
    const given = pairs.filter(
      (pair): pair is readonly [Tensor, Variable] => pair[0] !== null && pair[0] !== undefined,
    );
    if (given.length === 0) {
      throw new ArgumentError(
        `${this.name}.applyGradients: no gradient for any of ${pairs.length} variables`,
      );
    }
    const { engine } = given[0]![1];
    for (const [gradient, variable] of given) checkPair(this.name, engine, gradient, variable);
    const byVariable = new Map(given.map(([gradient, variable]) => [variable, gradient]));
    if (byVariable.size < given.length)
      throw new ArgumentError(`${this.name}.applyGradients: a variable is given twice; add its gradients`);
    const state = this.stateOn(engine);
    const runs = this.#slots.runsOf([...byVariable.keys()]);
    const applied = () => {
      const parts = runs.map((run) => {
        const own = run.variables.map((variable) => byVariable.get(variable)!);
        return { run, ...gradientArena(run, own, this.#lossScale.skips ? state.storage : undefined) };
      });
      state.endStep(
        parts.map(({ gradient }) => gradient),
        this.betas,
        parts.map(({ unchecked }) => unchecked.storage),
      );
      const statistics = parts.filter(({ run }) => run.variables[0]!.overwriteWithGradient);
      const updates = parts.filter((part) => !statistics.includes(part));
      const clips = clip(updates, this.clipping, state.storage);
      for (const [index, part] of updates.entries())
        this.update({ ...targetOf(part, state), clip: clips[index] }, this.#slots.of(part.run));
      for (const part of statistics) overwriteKernel(targetOf(part, state));
    };
    tidy(() => engine.during('other', applied));
  }

  /** Keras 3's form of `applyGradients`. */
  apply(gradients: readonly (Tensor | null)[], variables: readonly Variable[]): void {
    this.applyGradients(zip(gradients, variables));
  }

  /** The loss, and its gradients as `applyGradients` wants them: multiplied with the loss scale where the rules say so. */
  computeGradients(
    fn: () => Tensor,
    variables: readonly Variable[],
  ): { loss: Tensor; gradients: (Tensor | null)[] } {
    const tape = new GradientTape();
    const [loss, scaled] = tape.record(() => {
      const value = fn();
      return [value, this.scaleLoss(value)] as const;
    });
    return { loss, gradients: tape.gradient(scaled, variables) };
  }

  /** One step on the loss that `fn` computes; returns the loss, unscaled. */
  minimize(fn: () => Tensor, variables: readonly Variable[]): Tensor {
    return tidy(() => {
      const { loss, gradients } = this.computeGradients(fn, variables);
      this.apply(gradients, variables);
      return loss;
    });
  }

  /** Number of steps, as the rules of the loss scale count them. */
  async iterations(): Promise<number> {
    return (await this.readState()).iterations;
  }

  /** The scale state's words; where no step was made, what they will start with. */
  async readState(): Promise<ScaleValues> {
    if (this.#state) return this.#state.read();
    const start = {
      scale: this.#lossScale.initialScale,
      growthCounter: 0,
      overflow: 0,
      apply: 1,
      inverse: 1,
      skipped: 0,
    };
    const rest = { iterations: 0, learningRate: this.#learningRate, beta1Power: 1, beta2Power: 1 };
    return { ...start, ...rest, ...this.#restored };
  }

  /** All state, for a checkpoint. */
  async state(): Promise<OptimizerState> {
    const slots = await this.#slots.read(`${this.name}.state`);
    // The buffer holds the learning rate rounded to float32.
    return { scale: { ...(await this.readState()), learningRate: this.#learningRate }, slots };
  }

  /** Restores what `state` gave. Slots are found by the names of `variables`; throws `ArgumentError` where they do not fit. */
  loadState(state: OptimizerState, variables: readonly Variable[]): void {
    this.#slots.check(`${this.name}.loadState`, state.slots, variables);
    this.#restored = { ...state.scale };
    if (state.scale.learningRate !== undefined) this.#learningRate = state.scale.learningRate;
    this.#state?.write(this.#restored);
    this.#slots.write(state.slots, variables);
  }

  /** Frees the state and the slots. */
  dispose(): void {
    this.#state?.dispose();
    this.#state = undefined;
    this.#slots.dispose();
  }

  /** The state on the engine of the variables, made on first use. */
  protected stateOn(engine: Engine): ScaleState {
    if (this.#state?.engine !== engine) {
      this.#state?.dispose();
      this.#state = new ScaleState(engine, this.#lossScale, this.#learningRate);
      this.#state.write(this.#restored);
    }
    return this.#state;
  }
}

function targetOf({ run, gradient }: GradientRun, { storage }: ScaleState): UpdateTarget {
  return { gradient, master: run.masters, copy: run.copies?.storage, state: storage };
}

/** Pairs gradients with variables. Throws `ArgumentError` when there are not as many of both. */
export function zip(gradients: readonly (Tensor | null)[], variables: readonly Variable[]): GradientPair[] {
  if (gradients.length !== variables.length) {
    throw new ArgumentError(`zip: ${gradients.length} gradients for ${variables.length} variables`);
  }
  return gradients.map((gradient, index) => [gradient, variables[index]!] as const);
}

function checkPair(name: string, engine: Engine, gradient: Tensor, variable: Variable): void {
  const where = `${name}.applyGradients: gradient of ${variable.name}`;
  if (!sameShape(gradient.shape, variable.shape)) {
    throw new ShapeError(
      `${where} is ${showShape(gradient.shape)}, the variable ${showShape(variable.shape)}`,
    );
  }
  if (!isFloat(gradient.dtype)) throw new DtypeError(`${where} is ${gradient.dtype}; use a float`);
  if (gradient.engine !== variable.engine) throw new ArgumentError(`${where} lies on another engine`);
  if (variable.engine !== engine) throw new ArgumentError(`${where}: the variables lie on two engines`);
  // Reading the storage checks that neither is gone, before the step has begun.
  void [gradient.storage, variable.storage];
}

function checkRate(rate: unknown): number {
  if (typeof rate === 'number' && rate >= 0 && Number.isFinite(rate)) return rate;
  throw new ArgumentError(`optimizer: learningRate ${show(rate)}; use a number from 0 on`);
}
