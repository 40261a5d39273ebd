/** The state of an optimizer and its loss scale in one GPU buffer: no step waits for the host to decide whether to skip. */

import { leaveScopes } from '../autograd/scope.ts';
import { Tensor } from '../autograd/tensor.ts';
import type { Engine } from '../gpu/engine.ts';
import type { Storage } from '../gpu/storage.ts';
import type { Operand } from '../kernels/operand.ts';
import {
  finiteCheckKernel,
  SCALE_STATE,
  SCALE_STATE_BYTES,
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

  /** The present scale, a scalar. */
  get scale(): Tensor {
    return reshape(slice(this.words, [SCALE_STATE.findIndex(({ name }) => name === 'scale')], [1]), []);
  }

  get storage(): Storage {
    return this.words.storage;
  }

  /**
   * Ends a step, before its updates: looks for infinities and NaN where the loss scale skips, then decides and moves the
   * scale. `blocks` tell where arenas hold nothing; `schedule` gives the step its learning rate.
   */
  endStep(
    gradients: readonly Operand[],
    { beta1, beta2, momentumDecay = 0, window = 1 }: StepRule,
    blocks: readonly Storage[] = [],
    schedule?: ScheduleCall,
  ): void {
    if (schedule) scheduleKernel(this.engine, this.storage, schedule, window);
    const { kind, skips, scaledGradients, countSkipped, ...rule } = this.lossScale;
    if (skips) {
      for (const [index, gradient] of gradients.entries())
        finiteCheckKernel(gradient, this.storage, blocks[index]);
    }
    scaleUpdateKernel(this.engine, this.storage, {
      dynamic: Number(kind === 'dynamic'),
      growthSteps: rule.growthSteps,
      growthFactor: rule.growthFactor,
      backoffFactor: rule.backoffFactor,
      minScale: rule.minScale,
      growthLimit: growthLimit(this.lossScale),
      hysteresis: rule.hysteresis,
      consecutive: Number(rule.consecutiveHysteresis),
      windowed: Number(rule.accumulation === 'window'),
      scaled: Number(scaledGradients),
      countSkipped: Number(countSkipped),
      ...{ beta1, beta2, momentumDecay, window },
    });
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

function encode(values: ScaleValues): Uint8Array {
  const view = new DataView(new ArrayBuffer(SCALE_STATE_BYTES));
  for (const [word, { name, type }] of SCALE_STATE.entries()) {
    if (type === 'f32') view.setFloat32(word * 4, values[name] ?? 0, true);
    else view.setUint32(word * 4, values[name] ?? 0, true);
  }
  return new Uint8Array(view.buffer);
}
