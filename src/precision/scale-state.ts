/** The state of an optimizer and its loss scale in one GPU buffer: no step waits for the host to decide whether to skip. */

import { lossScaled, stepEnds, unobserved } from '../autograd/observing.ts';
import { leaveScopes } from '../autograd/scope.ts';
import { Tensor } from '../autograd/tensor.ts';
import type { Engine } from '../gpu/engine.ts';
import type { Storage } from '../gpu/storage.ts';
import type { Operand } from '../kernels/operand.ts';
import {
  finiteCheckKernel,
  SCALE_STATE,
  SCALE_STATE_BYTES,
  type ScalePart,
  type ScaleUpdate,
  scaleUpdateKernel,
} from '../kernels/scale_state.ts';
import { type ScheduleCall, scheduleKernel } from '../kernels/schedule.ts';
import { reshape } from '../ops/reshape.ts';
import { slice } from '../ops/slice.ts';
import { growthLimit, type LossScale } from './loss-scale.ts';

type Word = (typeof SCALE_STATE)[number]['name'];

/** The state's words as numbers. */
export type ScaleValues = { [K in Word]: number };

/** What all words are before the first step. */
export function startOf({ initialScale: scale }: LossScale, learningRate: number): ScaleValues {
  return {
    ...{
      scale,
      growthCounter: 0,
      overflow: 0,
      apply: 1,
      inverse: 1,
      skipped: 0,
      iterations: 0,
      learningRate,
    },
    ...{ beta1Power: 1, beta2Power: 1, finite: 1, arriving: 1, gathered: 0 },
    ...{ endured: 0, inARow: 0 },
  };
}

/** What the end of a step needs to know of the optimizer. */
export interface StepRule {
  /** Factors of the running products that Adam corrects its bias with; 1 without. */
  readonly beta1: number;
  readonly beta2: number;
  /** Of Nadam. Default 0: `beta1` stays. */
  readonly momentumDecay?: number;
  /** Steps over which gradients are gathered before an update applies; how those count that overflow is the loss scale's. Default 1. */
  readonly window?: number;
}

/** What else the end of a step may be told. */
export interface StepEnd {
  /** Of gradients that lie in arenas: where those hold nothing. */
  readonly blocks?: readonly Storage[];
  /** Gives the step its learning rate. */
  readonly schedule?: ScheduleCall | undefined;
  /** Whether the gradients arrive multiplied with the scale. Default: as the loss scale says. */
  readonly scaled?: boolean;
  /** The state whose scale the step is under, and which is told what it met. Default: its own. */
  readonly shared?: ScaleState | undefined;
}

export class ScaleState {
  readonly engine: Engine;
  readonly lossScale: LossScale;
  /** All words as a float32 tensor of 16; words of integers mean nothing in it. */
  readonly words: Tensor;

  constructor(engine: Engine, lossScale: LossScale, learningRate: number) {
    this.engine = engine;
    this.lossScale = lossScale;
    const start = encode(startOf(lossScale, learningRate));
    const storage = engine.untraced(() => engine.store(start, 'kept', 'optimizer', 'optimizer slots'));
    this.words = new Tensor(engine, storage, [SCALE_STATE_BYTES / 4], 'float32');
    leaveScopes(this.words);
  }

  /** The present scale, a scalar: a loss is to be multiplied with it. */
  get scale(): Tensor {
    lossScaled(this.engine, this.storage);
    const at = SCALE_STATE.findIndex(({ name }) => name === 'scale');
    return unobserved(() => reshape(slice(this.words, [at], [1]), []));
  }

  get storage(): Storage {
    return this.words.storage;
  }

  /** Sets the overflow flag of the present step where a gradient holds an infinity or a NaN, if the loss scale skips such steps. */
  check(gradients: readonly Operand[], blocks: readonly Storage[] = []): void {
    if (this.lossScale.skips) checkInto(this.storage, gradients, blocks);
  }

  /** Ends a step, before its updates: checks the gradients, decides whether the updates apply, and moves the scale. */
  endStep(
    gradients: readonly Operand[],
    rule: StepRule,
    { blocks, schedule, scaled, shared }: StepEnd = {},
  ): void {
    if (schedule) scheduleKernel(this.engine, this.storage, schedule, rule.window ?? 1);
    this.check(gradients, blocks);
    const check = (flag: Storage) => checkInto(flag, gradients, blocks);
    stepEnds(this.engine, { state: this.storage, checked: this.lossScale.skips, check });
    this.#update(
      rule,
      scaled ?? this.lossScale.scaledGradients,
      shared ? { kind: 'STEP', shared: shared.storage } : { kind: 'ALONE' },
    );
  }

  /** Moves a scale that several optimizers share, by the steps that they have made under it since it last moved. */
  endShared(): void {
    this.#update({ beta1: 1, beta2: 1 }, true, { kind: 'SHARED' });
  }

  #update({ beta1, beta2, momentumDecay = 0, window = 1 }: StepRule, scaled: boolean, part: ScalePart): void {
    const { kind, consecutiveHysteresis, accumulation, countSkipped, ...rule } = this.lossScale;
    const { growthSteps, growthFactor, backoffFactor, minScale, hysteresis } = rule;
    const update: ScaleUpdate = {
      ...{ growthSteps, growthFactor, backoffFactor, minScale, hysteresis },
      ...{ beta1, beta2, momentumDecay, window },
      dynamic: Number(kind === 'dynamic'),
      growthLimit: growthLimit(this.lossScale),
      consecutive: Number(consecutiveHysteresis),
      windowed: Number(accumulation === 'window'),
      scaled: Number(scaled),
      countSkipped: Number(countSkipped),
    };
    scaleUpdateKernel(this.engine, this.storage, update, part);
  }

  async read(): Promise<ScaleValues> {
    const [bytes] = await this.engine.read([{ storage: this.storage, bytes: SCALE_STATE_BYTES }]);
    const view = new DataView(bytes!);
    const entries = SCALE_STATE.map(({ name, type }, word) => {
      return [name, type === 'f32' ? view.getFloat32(word * 4, true) : view.getUint32(word * 4, true)];
    });
    return Object.fromEntries(entries) as ScaleValues;
  }

  /** Overwrites the words that are given. */
  write(values: Partial<ScaleValues>): void {
    const all = new Uint8Array(encode(values as ScaleValues));
    for (const [word, { name }] of SCALE_STATE.entries()) {
      if (values[name] === undefined) continue;
      this.engine.untraced(() =>
        this.engine.write(this.storage, all.slice(word * 4, word * 4 + 4), word * 4),
      );
    }
  }

  dispose(): void {
    this.words.dispose();
  }
}

/** Sets the first word of `flag` where a gradient holds an infinity or a NaN. */
function checkInto(flag: Storage, gradients: readonly Operand[], blocks: readonly Storage[] = []): void {
  for (const [index, gradient] of gradients.entries()) finiteCheckKernel(gradient, flag, blocks[index]);
}

function encode(values: ScaleValues): Uint8Array {
  const view = new DataView(new ArrayBuffer(SCALE_STATE_BYTES));
  for (const [word, { name, type }] of SCALE_STATE.entries()) {
    if (type === 'f32') view.setFloat32(word * 4, values[name] ?? 0, true);
    else view.setUint32(word * 4, values[name] ?? 0, true);
  }
  return new Uint8Array(view.buffer);
}
