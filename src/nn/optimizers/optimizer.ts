/** The base of optimizers: one loop over the variables, clipping, loss scaling; an optimizer is its slots plus a rule. */
import { GradientTape } from '../../autograd/tape.ts';
import type { Tensor } from '../../autograd/tensor.ts';
import { tidy } from '../../autograd/tidy.ts';
import type { Variable } from '../../autograd/variable.ts';
import type { ArenaRun } from '../../autograd/variable-arena.ts';
import type { Engine } from '../../gpu/engine.ts';
import type { UpdateTarget } from '../../kernels/optimizer.ts';
import { cast } from '../../ops/cast.ts';
import { reshape } from '../../ops/reshape.ts';
import { type LossScale, staticLossScale } from '../../precision/loss-scale.ts';
import { ScaleState, type ScaleValues, startOf } from '../../precision/scale-state.ts';
import { ArgumentError } from '../../values/errors.ts';
import { checkOptions } from '../../values/options.ts';
import { AVERAGE } from './average.ts';
import { checkDecay, checkRate, halfEpsilonAdvice } from './checks.ts';
import type { Clipping } from './clipping.ts';
import { gradientArena } from './gradient-arena.ts';
import { OPTIONS, type OptimizerOptions } from './options.ts';
import { byVariableOf, type GradientPair, zip } from './pairs.ts';
import { type Part, type Plan, planOf, updateParts } from './parts.ts';
import { Scaling } from './scaling.ts';
import { type Schedule, type ScheduleConfig, scheduleOf } from './schedules.ts';
import { type Settings, settingsConfig, settingsOf } from './settings.ts';
import { Slots, type SlotValues } from './slots.ts';

/** Everything that a checkpoint needs; slot values in float32. */
export interface OptimizerState {
  readonly scale: Partial<ScaleValues>;
  readonly slots: SlotValues;
}

export abstract class Optimizer {
  readonly name: string;
  readonly clipping: Clipping;
  readonly weightDecay: number | undefined;
  readonly #settings: Settings;
  /** Names of the slots; each variable has one of its shape for every name. */
  protected abstract readonly slotNames: readonly string[];
  readonly #slots = new Slots<Plan>(
    (variable) => this.#planOf(variable),
    (name) => this.slotStart(name),
  );
  readonly #factor: number | undefined;
  #undecayed: (variable: Variable) => boolean = () => false;
  readonly #schedule: Schedule | undefined;
  readonly #scaling = new Scaling();
  #learningRate: number;
  /** Those before the next step that a schedule counts, as far as the host knows. */
  #steps = 0;
  #state: ScaleState | undefined;
  #restored: Partial<ScaleValues> = {};

  /** `own` names the options that a kind of optimizer adds. */
  constructor(
    kind: string,
    rate: number | Schedule | ScheduleConfig,
    options: OptimizerOptions,
    own: readonly string[],
  ) {
    checkOptions(kind, options, [...own, ...OPTIONS]);
    this.name = options.name ?? kind;
    this.#schedule = typeof rate === 'number' ? undefined : scheduleOf(rate);
    this.#learningRate = checkRate(this.#schedule ? this.#schedule.at(0) : rate);
    this.weightDecay = checkDecay(this.name, options.weightDecay);
    this.#settings = settingsOf(this.name, options);
    this.clipping = this.#settings.clipping;
    const factor = options.lossScaleFactor;
    this.#factor = factor;
    if (factor !== undefined) this.#scaling.set(staticLossScale(factor));
  }

  /** Launches the update of variables that have the same slots. */
  protected abstract update(target: UpdateTarget, slots: readonly Tensor[], run: ArenaRun): void;

  /** The slots of this variable, where not all have the same. */
  protected slotNamesOf(_variable: Variable): readonly string[] {
    return this.slotNames;
  }

  /** The weight decay of this variable, where it is not excluded. */
  protected weightDecayOf(_variable: Variable): number {
    return this.weightDecay ?? 0;
  }

  /** What a slot holds before the first step. */
  protected slotStart(_name: string): number {
    return 0;
  }

  /** Factors of the running products that Adam corrects its bias with. */
  protected get betas(): { beta1: number; beta2: number; momentumDecay?: number } {
    return { beta1: 1, beta2: 1 };
  }

  /** What is added to the root of a mean of squares, before it is divided by. */
  protected get rootEpsilon(): number | undefined {
    return undefined;
  }

  abstract getConfig(): Record<string, unknown>;

  get lossScaling(): LossScale {
    return this.#scaling.rule;
  }

  /**
   * Sets how losses are scaled, before the first step; for `LossScaleOptimizer` and `GradScaler`, which give themselves as the owner.
   * `shared` is a scale that is not this optimizer's own.
   */
  setLossScaling(lossScale: LossScale, owner?: object, shared?: (engine: Engine) => ScaleState): void {
    if (this.#scaling.belongsTo(this.name, owner)) return;
    if (this.#state)
      throw new ArgumentError(`${this.name}: it has made steps already; wrap it before the first one`);
    this.#scaling.set(lossScale, owner, shared);
  }

  /**
   * What was given or set. Of a schedule its value for the next step, by the steps that the host knows of: the GPU counts them, and the
   * host learns of them at `readState`, `iterations`, `state` and `loadState`.
   */
  get learningRate(): number {
    return this.#schedule?.at(this.#steps) ?? this.#learningRate;
  }

  /** Takes effect from the next step on, in jitted programs too. Throws `ArgumentError` where a schedule sets it. */
  set learningRate(value: number) {
    if (this.#schedule)
      throw new ArgumentError(
        `${this.name}: its learning rate follows ${this.#schedule.name}; make it with a number to set it`,
      );
    this.#learningRate = checkRate(value);
    this.#restored = { ...this.#restored, learningRate: value };
    this.#state?.write({ learningRate: value });
  }

  /** The loss times the loss scale, in the loss's dtype; the loss itself where there is no scaling. Warns where float16 cannot hold it. */
  scaleLoss(loss: Tensor): Tensor {
    return this.#scaling.scaleLoss(`${this.name}.scaleLoss`, loss, (engine) => this.scale(engine));
  }

  /** The present loss scale, a float32 scalar on the GPU. */
  scale(engine: Engine): Tensor {
    return (this.#scaling.shared?.(engine) ?? this.stateOn(engine)).scale;
  }

  /**
   * Ends the scaling before the step: gradients divided by the scale, in float32, for clipping of one's own. A step whose
   * gradients were not finite here is skipped, whatever becomes of them. The next `applyGradients`, in the same jitted function or
   * outside as this is, takes unscaled gradients. Throws `ArgumentError` for gradients that are unscaled already.
   */
  unscaleGradients(gradients: readonly (Tensor | null)[]): (Tensor | null)[] {
    const given = gradients.filter((gradient) => gradient !== null && gradient !== undefined);
    if (given.length === 0) return [...gradients];
    const { engine } = given[0]!;
    return this.#scaling.unscale(`${this.name}.unscaleGradients`, gradients, engine, () => {
      this.stateOn(engine).check(given);
      return this.scale(engine);
    });
  }

  /** Forgets gradients that were unscaled and will not be applied, so that others can be. */
  giveUpGradients(): void {
    this.#scaling.giveUp();
    if (!this.#state?.engine.tracing) this.#state?.write({ overflow: 0 });
  }

  /** Applies one gradient to each variable, as `zip` pairs them; pairs without a gradient are passed over. */
  applyGradients(pairs: readonly GradientPair[]): void {
    const where = `${this.name}.applyGradients`;
    const byVariable = byVariableOf(where, pairs);
    const { engine } = [...byVariable.keys()][0]!;
    const scaled = this.#scaling.endStep(where, [...byVariable.values()], engine);
    if (this.#settings.float16.slotDType === 'float16')
      this.#scaling.tell(halfEpsilonAdvice(this.name, this.rootEpsilon, [...byVariable.keys()]));
    const { skips, accumulation } = this.#scaling.rule;
    const state = this.stateOn(engine);
    const runs = this.#slots.runsOf([...byVariable.keys()]);
    const applied = () => {
      const parts = runs.map(({ run, plan }): Part => {
        const own = run.variables.map((variable) => byVariable.get(variable)!);
        const flag = skips ? state.storage : undefined;
        return { run, plan, slots: this.#slots.of(run, plan), ...gradientArena(run, own, flag) };
      });
      const gradients = parts.map(({ gradient }) => gradient);
      const rule = { ...this.betas, window: this.#settings.window };
      const blocks = parts.map(({ unchecked }) => unchecked.storage);
      const shared = this.#scaling.shared?.(engine);
      state.endStep(gradients, rule, { blocks, schedule: this.#schedule?.call, scaled, shared });
      const windowed = accumulation === 'window';
      const settings = { ...this.#settings, windowed };
      updateParts(parts, state.storage, settings, (...part) => this.update(...part));
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

  /** Leaves variables out of weight decay: these, and those whose names contain one of `varNames`. Before the first step, as in Keras. */
  excludeFromWeightDecay(options: { varList?: readonly Variable[]; varNames?: readonly string[] }): void {
    const where = `${this.name}.excludeFromWeightDecay`;
    checkOptions(where, options, ['varList', 'varNames']);
    const { varList = [], varNames = [] } = options;
    if (this.#state) throw new ArgumentError(`${where}: it has made steps already; ask before`);
    const before = this.#undecayed;
    this.#undecayed = (variable) =>
      before(variable) || varList.includes(variable) || varNames.some((part) => variable.name.includes(part));
  }

  /** Whether a moving average of the weights is kept. */
  get averages(): boolean {
    return this.#settings.average !== undefined;
  }

  /** Puts the moving average in place of the weights: for the end of training, as `fit` does. Throws `ArgumentError` without `useEma`. */
  finalizeVariableValues(variables: readonly Variable[]): void {
    if (!this.#settings.average)
      throw new ArgumentError(`${this.name}.finalizeVariableValues: no average is kept; make it with useEma`);
    tidy(() => {
      for (const variable of variables) {
        const average = this.#slots.find(variable, AVERAGE);
        if (average) variable.assign(cast(reshape(average, variable.shape), variable.dtype));
      }
    });
  }

  /** Names of the slots that this variable has. */
  slotsOf(variable: Variable): readonly string[] {
    return this.#planOf(variable).slots;
  }

  #planOf(variable: Variable): Plan {
    const decay = this.#undecayed(variable) ? 0 : this.weightDecayOf(variable);
    return planOf(variable, { own: this.slotNamesOf(variable), decay }, this.#settings);
  }

  /** Options that every kind has, where they were given: for `getConfig`. */
  protected get shared(): Record<string, unknown> {
    const rate = this.#schedule
      ? { className: this.#schedule.name, config: this.#schedule.getConfig() }
      : this.learningRate;
    return {
      ...{ learningRate: rate, ...settingsConfig(this.#settings) },
      ...(this.weightDecay ? { weightDecay: this.weightDecay } : {}),
      ...(this.#factor === undefined ? {} : { lossScaleFactor: this.#factor }),
    };
  }

  /** Number of steps, as the rules of the loss scale count them. */
  async iterations(): Promise<number> {
    return (await this.readState()).iterations;
  }

  /** The scale state's words; where no step was made, what they will start with. */
  async readState(): Promise<ScaleValues> {
    if (!this.#state) return { ...startOf(this.#scaling.rule, this.#learningRate), ...this.#restored };
    const values = await this.#state.read();
    this.#countSteps(values);
    return values;
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
    this.#countSteps(state.scale);
    // What the state does not tell starts anew, by the loss scale of then: a wrapper may still come.
    this.#state?.write({ ...startOf(this.#scaling.rule, this.#learningRate), ...state.scale });
    this.#slots.write(state.slots, variables);
  }

  #countSteps({ iterations = 0, gathered = 0 }: Partial<ScaleValues>): void {
    this.#steps = iterations * this.#settings.window + (gathered % this.#settings.window);
  }

  /** Frees the state and the slots. */
  dispose(): void {
    this.#state?.dispose();
    this.#state = undefined;
    this.#slots.dispose();
  }

  /** The state on the engine of the variables, made on first use: scale, counters, and whether the last step was skipped. */
  stateOn(engine: Engine): ScaleState {
    if (this.#state?.engine !== engine) {
      this.#state?.dispose();
      this.#state = new ScaleState(engine, this.#scaling.rule, this.#learningRate);
      this.#state.write(this.#restored);
    }
    return this.#state;
  }
}
