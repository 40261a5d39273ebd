/** Learning-rate schedules by Keras's formulas: evaluated on the GPU from the steps that were applied, and here for whoever looks. */
import type { ScheduleCall } from '../../kernels/schedule.ts';
import { list, show } from '../../values/dtype.ts';
import { ArgumentError } from '../../values/errors.ts';
import { checkOptions } from '../../values/options.ts';
import { checkCounts, checkFlag, checkNumber } from '../checks.ts';

/** A learning rate that changes with the steps. */
export class Schedule {
  readonly name: string;
  /** As the kernel takes it. */
  readonly call: ScheduleCall;
  readonly #config: object;
  readonly #at: (step: number) => number;

  /** Made by the functions of `ht.schedules`. */
  constructor(name: string, config: object, call: ScheduleCall, at: (step: number) => number) {
    this.name = name;
    this.call = call;
    this.#config = config;
    this.#at = at;
  }

  /** The learning rate after `step` steps. */
  at(step: number): number {
    return this.#at(step);
  }

  getConfig(): Record<string, unknown> {
    return { ...this.#config };
  }
}

export interface ScheduleConfig {
  className: string;
  config: Record<string, unknown>;
}

/** A schedule, or what a configuration tells of one. Throws `ArgumentError`. */
export function scheduleOf(given: unknown): Schedule {
  if (given instanceof Schedule) return given;
  if (typeof given !== 'object' || given === null || !('className' in given))
    throw new ArgumentError(
      `optimizer: learningRate ${show(given)}; use a number from 0 on, or one of ht.schedules`,
    );
  const { className, config } = given as ScheduleConfig;
  const makers = schedules as unknown as Readonly<Record<string, (options: object) => Schedule>>;
  if (!Object.hasOwn(schedules, className))
    throw new ArgumentError(`schedule: unknown name ${show(className)}; use ${list(Object.keys(schedules))}`);
  return makers[className]!(config);
}

interface Accepted {
  /** Numbers above 0. */
  readonly positive?: readonly string[];
  readonly numbers?: readonly string[];
  readonly flags?: readonly string[];
}

function check(where: string, options: object, { positive = [], numbers = [], flags = [] }: Accepted): void {
  checkOptions(where, options, [...numbers, ...positive, ...flags]);
  for (const [name, value] of Object.entries(options)) {
    if (flags.includes(name)) checkFlag(where, name, value);
    else if (positive.includes(name)) checkPositive(where, name, value);
    else checkNumber(where, name, value);
  }
}

function checkPositive(where: string, name: string, value: unknown): void {
  if (typeof value === 'number' && value > 0 && Number.isFinite(value)) return;
  throw new ArgumentError(`${where}: ${name} ${show(value)}; use a number above 0`);
}

interface Decay {
  initialLearningRate: number;
  decaySteps: number;
  decayRate: number;
  /** In jumps every `decaySteps`. Default false. */
  staircase?: boolean;
}

function falling(
  name: string,
  kind: 'EXPONENTIAL' | 'INVERSE_TIME',
  fall: (rate: number, p: number) => number,
) {
  return (options: Decay): Schedule => {
    const numbersOf = ['initialLearningRate', 'decayRate'];
    check(name, options, { numbers: numbersOf, positive: ['decaySteps'], flags: ['staircase'] });
    const { initialLearningRate: initial, decaySteps: steps, decayRate: rate, staircase = false } = options;
    const numbers = { initial, steps, rate, flag: Number(staircase) };
    return new Schedule(
      name,
      options,
      { kind, numbers },
      (step) => initial * fall(rate, staircase ? Math.floor(step / steps) : step / steps),
    );
  };
}

const cosine = (share: number, floor: number, height = 1) =>
  (1 - floor) * 0.5 * height * (1 + Math.cos(Math.PI * share)) + floor;

export const schedules = {
  /** `initial rate^(step / steps)`. Throws `ArgumentError`. */
  exponentialDecay: falling('exponentialDecay', 'EXPONENTIAL', (rate, p) => rate ** p),
  /** `initial / (1 + rate step / steps)`. Throws `ArgumentError`. */
  inverseTimeDecay: falling('inverseTimeDecay', 'INVERSE_TIME', (rate, p) => 1 / (1 + rate * p)),
  /**
   * `(initial - end) (1 - step / steps)^power + end`, in the end `end` (0.0001 by default), or with `cycle` falling again over twice, three times ...
   * the steps. Throws `ArgumentError`.
   */
  polynomialDecay(options: {
    initialLearningRate: number;
    decaySteps: number;
    /** Default 0.0001. */
    endLearningRate?: number;
    /** Default 1. */
    power?: number;
    /** Default false. */
    cycle?: boolean;
  }): Schedule {
    check('polynomialDecay', options, {
      numbers: ['initialLearningRate', 'endLearningRate'],
      ...{ positive: ['decaySteps', 'power'], flags: ['cycle'] },
    });
    const { initialLearningRate: initial, decaySteps: steps, cycle = false } = options;
    const { endLearningRate: floor = 1e-4, power: rate = 1 } = options;
    const numbers = { initial, steps, rate, floor, flag: Number(cycle) };
    return new Schedule('polynomialDecay', options, { kind: 'POLYNOMIAL', numbers }, (step) => {
      const length = cycle ? steps * Math.max(Math.ceil(step / steps), 1) : steps;
      return (initial - floor) * (1 - Math.min(step, length) / length) ** rate + floor;
    });
  },
  /**
   * Half a cosine from the initial value to `alpha` times it (0 by default) (Loshchilov and Hutter 2017). With `warmupTarget` first in a line
   * from the initial value to that, within `warmupSteps`, and the cosine from there. Throws `ArgumentError`.
   */
  cosineDecay(options: {
    initialLearningRate: number;
    decaySteps: number;
    /** Default 0. */
    alpha?: number;
    warmupTarget?: number;
    /** Default 0. */
    warmupSteps?: number;
  }): Schedule {
    const numbersOf = ['initialLearningRate', 'alpha', 'warmupTarget', 'warmupSteps'];
    check('cosineDecay', options, { numbers: numbersOf, positive: ['decaySteps'] });
    const { initialLearningRate: initial, decaySteps: steps, alpha: floor = 0 } = options;
    const { warmupTarget, warmupSteps: warmup = 0 } = options;
    const target = warmupTarget ?? initial;
    const flag = Number(warmupTarget !== undefined);
    const numbers = { initial, steps, floor, peak: target, warmup, flag };
    return new Schedule('cosineDecay', options, { kind: 'COSINE', numbers }, (step) => {
      if (!flag) return initial * cosine(Math.min(step / steps, 1), floor);
      if (step < warmup) return initial + ((target - initial) * step) / warmup;
      return target * cosine(Math.min((step - warmup) / steps, 1), floor);
    });
  },
  /**
   * Half cosines one after another, each `tMul` times as long as the one before (2 by default) and `mMul` times as high (1) (Loshchilov and
   * Hutter 2017). Throws `ArgumentError`.
   */
  cosineDecayRestarts(options: {
    initialLearningRate: number;
    firstDecaySteps: number;
    /** Default 2. */
    tMul?: number;
    /** Default 1. */
    mMul?: number;
    /** Default 0. */
    alpha?: number;
  }): Schedule {
    check('cosineDecayRestarts', options, {
      numbers: ['initialLearningRate', 'alpha'],
      positive: ['firstDecaySteps', 'tMul', 'mMul'],
    });
    const { initialLearningRate: initial, firstDecaySteps: steps } = options;
    const { tMul: rate = 2, mMul: target = 1, alpha: floor = 0 } = options;
    const numbers = { initial, steps, rate, peak: target, floor };
    return new Schedule('cosineDecayRestarts', options, { kind: 'COSINE_RESTARTS', numbers }, (step) => {
      let [start, length, height] = [0, steps, 1];
      while (step + 0.5 >= start + length)
        [start, length, height] = [start + length, length * rate, height * target];
      return initial * cosine((step - start) / length, floor, height);
    });
  },
  /** `values[i]` up to and with step `boundaries[i]`, the last value after them all. Throws `ArgumentError`. */
  piecewiseConstantDecay(options: { boundaries: readonly number[]; values: readonly number[] }): Schedule {
    const where = 'piecewiseConstantDecay';
    checkOptions(where, options, ['boundaries', 'values']);
    const boundaries = checkCounts(where, 'boundaries', options.boundaries, 0);
    const { values } = options;
    if (!Array.isArray(values) || !values.every((value) => Number.isFinite(value)))
      throw new ArgumentError(`${where}: values ${show(values)}; use a list of numbers`);
    const rising = boundaries.every((bound, i) => i === 0 || bound > boundaries[i - 1]!);
    if (!rising || values.length !== boundaries.length + 1) {
      throw new ArgumentError(
        `${where}: boundaries ${show(boundaries)} with ${values.length} values; use rising whole numbers and one value more`,
      );
    }
    const points = [...boundaries, ...values];
    return new Schedule(where, options, { kind: 'PIECEWISE', numbers: {}, points }, (step) => {
      const place = boundaries.findIndex((bound) => step <= bound);
      return values[place < 0 ? values.length - 1 : place]!;
    });
  },
} as const;
