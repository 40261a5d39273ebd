/** `GradScaler`: one loss scale for several losses and optimizers, with PyTorch's calls: scale, unscale, step, update. */
import type { Tensor } from '../../autograd/tensor.ts';
import type { Engine } from '../../gpu/engine.ts';
import type { LossScale } from '../../precision/loss-scale.ts';
import { noLossScale } from '../../precision/loss-scale.ts';
import { ScaleState, type ScaleValues, startOf } from '../../precision/scale-state.ts';
import { show } from '../../values/dtype.ts';
import { ArgumentError } from '../../values/errors.ts';
import { checkFlag } from '../checks.ts';
import { Optimizer } from './optimizer.ts';
import type { GradientPair } from './pairs.ts';
import { type LossScaleOptions, lossScaleOf } from './scale-options.ts';
import { halfLossAdvice, scaledLoss } from './scaling.ts';

export interface GradScalerOptions extends LossScaleOptions {
  /** False: nothing is scaled or checked, and every step applies. Default true. */
  enabled?: boolean;
}

/** How far an optimizer is since the last `update`, and the trace in which that was. */
interface Stage {
  readonly name: 'unscaled' | 'stepped';
  readonly trace: object | undefined;
}

/**
 *     const scaled = tape.record(() => scaler.scale(loss()));
 *     const gradients = scaler.unscale(optimizer, tape.gradient(scaled, variables));   // only to clip by hand
 *     scaler.step(optimizer, ht.zip(gradients, variables));
 *     scaler.update();
 *
 * Each optimizer's step is skipped by its own gradients; `update` moves the scale by what all of them met. All of it stays on
 * the GPU. The calls of one step belong in one jitted function, or all outside.
 */
export class GradScaler {
  readonly name: string;
  readonly lossScaling: LossScale;
  readonly #options: GradScalerOptions;
  #state: ScaleState | undefined;
  #restored: Partial<ScaleValues> = {};
  readonly #stages = new Map<Optimizer, Stage>();
  readonly #told = new Set<string>();

  /** Options as of `LossScaleOptimizer`, with the rules of PyTorch where none are named. Throws `ArgumentError`. */
  constructor(options: GradScalerOptions = {}) {
    const lossScale = lossScaleOf('GradScaler', options, 'pytorch', ['enabled']);
    const enabled = checkFlag('GradScaler', 'enabled', options.enabled ?? true);
    this.name = options.name ?? 'GradScaler';
    // Gradients arrive here as the tape gives them, whatever the rules.
    this.lossScaling = enabled ? { ...lossScale, scaledGradients: lossScale.kind !== 'none' } : noLossScale();
    this.#options = { ...options };
  }

  static fromConfig(config: GradScalerOptions): GradScaler {
    return new GradScaler(config);
  }

  get enabled(): boolean {
    return this.lossScaling.kind !== 'none';
  }

  /** The loss times the scale, in the loss's dtype; inside the tape. Any number of losses may be scaled. */
  scale(loss: Tensor): Tensor {
    const trace = loss.engine.openTrace;
    // What a step that failed on its way has left behind.
    for (const [optimizer, stage] of this.#stages) if (stage.trace !== trace) this.#stages.delete(optimizer);
    if (!this.enabled) return loss;
    this.#tell(halfLossAdvice(`${this.name}.scale`, loss, this.lossScaling));
    return scaledLoss(loss, this.#stateOn(loss.engine).scale);
  }

  /**
   * The gradients divided by the scale, in float32, for clipping by hand: `step` then takes them, or what was made of them. A step
   * whose gradients were not finite here is skipped. Throws `ArgumentError` the second time in a step, and after `step`.
   */
  unscale(optimizer: Optimizer, gradients: readonly (Tensor | null)[]): (Tensor | null)[] {
    const where = `${this.name}.unscale`;
    this.#adopt(where, optimizer);
    const given = gradients.find((gradient) => gradient !== null && gradient !== undefined);
    if (!given) return [...gradients];
    const trace = given.engine.openTrace;
    const stage = this.#stages.get(optimizer);
    if (stage && stage.trace === trace)
      throw new ArgumentError(
        `${where}: ${optimizer.name} is ${stage.name} already since the last update; call update() before its next step`,
      );
    const unscaled = optimizer.unscaleGradients(gradients);
    this.#stages.set(optimizer, { name: 'unscaled', trace });
    return unscaled;
  }

  /**
   * Applies the gradients, unscaled where `unscale` was not called, unless one of them is not finite. Throws `ArgumentError` the
   * second time before `update`.
   */
  step(optimizer: Optimizer, pairs: readonly GradientPair[]): void {
    const where = `${this.name}.step`;
    this.#adopt(where, optimizer);
    const trace = pairs.find(([, variable]) => variable)?.[1].engine.openTrace;
    const stage = this.#stages.get(optimizer);
    if (stage?.name === 'stepped' && stage.trace === trace)
      throw new ArgumentError(
        `${where}: ${optimizer.name} has stepped already since the last update; call update() once a step`,
      );
    optimizer.applyGradients(pairs);
    this.#stages.set(optimizer, { name: 'stepped', trace });
  }

  /**
   * Moves the scale by the steps made since it last moved; while all of them only gather gradients, it stays. With `scale` it becomes
   * that. Gradients that were unscaled and not applied are given up. Throws `ArgumentError` where there was neither, or in another
   * jitted function.
   */
  update(scale?: number): void {
    const where = `${this.name}.update`;
    const state = this.#state;
    const trace = state?.engine.openTrace;
    if (scale === undefined && this.#stages.size === 0)
      throw new ArgumentError(`${where}: no optimizer has stepped since the last update; call step before`);
    if (this.enabled && [...this.#stages.values()].some((stage) => stage.trace !== trace))
      throw new ArgumentError(
        `${where}: a step was made in another jitted function, or outside of this one; step and update in one function`,
      );
    if (scale !== undefined) this.#setScale(where, scale);
    else if (this.enabled) state!.endShared();
    for (const [optimizer, stage] of this.#stages) this.#end(optimizer, stage);
  }

  /** The present scale. Reads from the GPU; training needs it never. */
  async lossScale(): Promise<number> {
    return (await this.readState()).scale;
  }

  /** Updates in which a gradient of some optimizer was not finite. */
  async skippedSteps(): Promise<number> {
    return (await this.readState()).skipped;
  }

  /** The state's words; before the first loss is scaled, what they will start with. */
  async readState(): Promise<ScaleValues> {
    return this.#state ? this.#state.read() : { ...this.#start, ...this.#restored };
  }

  /** All state, for a checkpoint; that of the optimizers is theirs. */
  async state(): Promise<{ scale: ScaleValues }> {
    return { scale: await this.readState() };
  }

  /** Restores what `state` gave. */
  loadState({ scale }: { readonly scale: Partial<ScaleValues> }): void {
    this.#restored = { ...this.#start, ...scale };
    this.#state?.write(this.#restored);
  }

  getConfig(): GradScalerOptions {
    const { name, lossScaling } = this;
    const { kind, initialScale } = lossScaling;
    const { enabled = true, rules = 'pytorch', lossScale } = this.#options;
    const numbers = { rules, ...(enabled ? { dynamic: kind === 'dynamic', initialScale } : {}) };
    return { ...this.#options, ...(lossScale ? {} : numbers), name, enabled };
  }

  /** Frees the state; that of the optimizers is theirs. */
  dispose(): void {
    this.#state?.dispose();
    this.#state = undefined;
  }

  get #start(): ScaleValues {
    // No step has been made under the scale yet.
    return { ...startOf(this.lossScaling, 0), apply: 0 };
  }

  #stateOn(engine: Engine): ScaleState {
    if (this.#state?.engine !== engine) {
      this.#state?.dispose();
      this.#state = new ScaleState(engine, this.lossScaling, 0);
      this.#state.write({ ...this.#start, ...this.#restored });
    }
    return this.#state;
  }

  /** Throws `ArgumentError` for an optimizer that is none, or has another scale. */
  #adopt(where: string, optimizer: Optimizer): void {
    if (!(optimizer instanceof Optimizer))
      throw new ArgumentError(
        `${where}: the optimizer is ${show(optimizer)}; use one of ht.optimizers, without a LossScaleOptimizer around it`,
      );
    const { kind } = this.lossScaling;
    const own: LossScale = { ...this.lossScaling, kind: kind === 'dynamic' ? 'static' : kind };
    optimizer.setLossScaling(own, this, this.enabled ? (engine) => this.#stateOn(engine) : undefined);
  }

  #end(optimizer: Optimizer, { name }: Stage): void {
    if (name === 'unscaled') optimizer.giveUpGradients();
    this.#stages.delete(optimizer);
  }

  #setScale(where: string, scale: number): void {
    if (this.#state?.engine.tracing)
      throw new ArgumentError(`${where}: a scale is set inside a jitted function; set it outside`);
    if (!(scale >= 2 ** -126 && scale <= 2 ** 127))
      throw new ArgumentError(`${where}: scale is ${show(scale)}; use a number from 2^-126 to 2^127`);
    const set = { scale, overflow: 0, apply: 0 };
    this.#restored = { ...this.#restored, ...set };
    this.#state?.write(set);
  }

  #tell(text: string | undefined): void {
    if (text === undefined || this.#told.has(text)) return;
    this.#told.add(text);
    console.warn(text);
  }
}
