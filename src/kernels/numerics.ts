/** Launches `tally_exponents.wgsl` and `tally_step.wgsl`: what a watch counts of values and of steps, in GPU memory. */
import { tally_exponents, tally_step } from '../generated/shaders.ts';
import type { Engine } from '../gpu/engine.ts';
import { linearGrid } from '../gpu/shader.ts';
import type { Storage } from '../gpu/storage.ts';
import { type DType, isFloat } from '../values/dtype.ts';
import { type Operand, unusedStorage } from './operand.ts';

/** Exponents that are told apart: those of all float32, subnormal ones included. What a scale moves beyond them is put at the ends. */
export const FIRST_EXPONENT = -149;
export const EXPONENTS = tally_exponents.constants.BINS;

/** A row's counters, of two words each, low one first. */
const COUNTERS = ['zeros', 'below', 'subnormal', 'above', 'infinities', 'nans'] as const;
/** Words of `shaders/lib/tally.wgsl`. */
const LARGEST = 12;
const SMALLEST = 13;
const BINS_AT = 16;
export const ROW_WORDS = 576;
export const ROWS = 16384;
const ROW_FLAGS = 16;
export const STEPS_WORDS = ROW_FLAGS + 3 * ROWS;
const FIRST_WORD = 1;
const NONE = 0xffffffff;

const TRAPPED: Readonly<Partial<Record<DType, number>>> = { float32: 0x7f800000, float16: 0x477ff000 };
/** 16-byte blocks that a workgroup counts: few workgroups, each of which adds its bins to the row once. */
const CHUNK = 2048;

/** What is known of the values of one row. */
export type RowTally = { readonly [K in (typeof COUNTERS)[number]]: number } & {
  /** Finite values but zero by exponent, from `FIRST_EXPONENT` on. */
  readonly exponents: readonly number[];
  /** Greatest and least finite magnitude but zero; 0 where there is none. */
  readonly largest: number;
  readonly smallest: number;
};

/** A step that failed, or has not ended. Bits of `kinds`: too large for float16, infinity, NaN, made of such values. */
export interface StepMark {
  readonly step: number;
  /** Number of the first row that stored what is not finite. */
  readonly row: number | undefined;
  readonly kinds: number;
  /** The loss scale in force. */
  readonly scale: number;
}

export interface StepsTally {
  readonly steps: number;
  readonly failed: number;
  readonly firstFailure: StepMark | undefined;
  readonly latestFailure: StepMark | undefined;
  /** Of the step that goes on. */
  readonly open: StepMark;
  /** By row, in how many steps it stored what is not finite, and in how many it read such values and stored none. */
  readonly rows: readonly { readonly unfit: number; readonly absorbed: number }[];
}

/** The words of `steps` before anything is counted. */
export function emptySteps(): Uint32Array {
  const words = new Uint32Array(STEPS_WORDS);
  words[FIRST_WORD] = NONE;
  return words;
}

export interface TallyPlace {
  readonly rows: Storage;
  readonly steps: Storage;
  /** Number of the row in `rows`, and among all. */
  readonly index: number;
  readonly id: number;
  /** Rows that the values were made of: four are looked at. */
  readonly sources: readonly number[];
  /** dtype that the values are stored in. */
  readonly stored: DType;
  /** An optimizer's state, with whose scale the values are multiplied. */
  readonly scale: Storage | undefined;
}

/** Counts `x`, float32 or float16. */
export function tallyKernel(x: Operand, place: TallyPlace): void {
  if (!isFloat(x.dtype)) throw new TypeError(`tally_exponents: ${x.dtype} has no exponents`);
  const { rows, steps, index, id, sources, stored, scale } = place;
  const [source0 = NONE, source1 = NONE, source2 = NONE, source3 = NONE] = sources;
  const half = x.dtype === 'float16';
  x.engine.run(tally_exponents, {
    types: {},
    overrides: { HALF: half },
    bindings: { x: x.storage, scale: scale ?? unusedStorage(x.engine), rows, steps },
    params: {
      ...{ size: x.size, row: index * ROW_WORDS, id, beyond: TRAPPED[stored]!, scaled: Number(!!scale) },
      ...{ chunk: CHUNK, source0, source1, source2, source3 },
    },
    workgroups: linearGrid(Math.ceil(x.size / (half ? 8 : 4)), CHUNK),
  });
}

export interface StepToTally {
  readonly engine: Engine;
  /** The optimizer's, and that whose scale its gradients are multiplied with. */
  readonly state: Storage;
  readonly scale: Storage;
  /** No op ran since the step before ended. */
  readonly continues: boolean;
  /** The overflow flag of `state` is set where a gradient is not finite. */
  readonly checked: boolean;
}

/** Ends a step. */
export function tallyStepKernel(steps: Storage, step: StepToTally): void {
  const { engine, state, scale, continues, checked } = step;
  engine.run(tally_step, {
    types: {},
    bindings: { state, scale, steps },
    params: { continues: Number(continues), checked: Number(checked) },
    workgroups: linearGrid(ROWS, 64),
  });
}

export function readRow(words: Uint32Array): RowTally {
  const pair = (at: number) => words[at]! + words[at + 1]! * 2 ** 32;
  const counters = COUNTERS.map((name, i) => [name, pair(2 * i)]);
  return {
    ...(Object.fromEntries(counters) as { [K in (typeof COUNTERS)[number]]: number }),
    exponents: Array.from({ length: EXPONENTS }, (_, bin) => pair(BINS_AT + 2 * bin)),
    largest: magnitudeOf(words[LARGEST]!),
    smallest: words[SMALLEST] ? magnitudeOf(~words[SMALLEST] >>> 0) : 0,
  };
}

/** Of an exponent and 22 bits behind the point. */
function magnitudeOf(key: number): number {
  return key === 0 ? 0 : (1 + (key & 0x3fffff) / 2 ** 22) * 2 ** ((key >>> 22) - 512);
}

export function readSteps(words: Uint32Array, rows: number): StepsTally {
  const floats = new Float32Array(words.buffer, words.byteOffset, words.length);
  const [, first, kinds, , , , steps, failed] = words;
  const row = (id: number) => (id === NONE ? undefined : id);
  const mark = (at: number): StepMark | undefined => {
    const [step, id, found] = words.subarray(at, at + 3);
    return step ? { step, row: row(id!), kinds: found!, scale: floats[at + 3]! } : undefined;
  };
  return {
    steps: steps!,
    failed: failed!,
    firstFailure: mark(8),
    latestFailure: mark(12),
    open: { step: steps! + 1, row: row(first!), kinds: kinds!, scale: 1 },
    rows: Array.from({ length: rows }, (_, id) => {
      const at = ROW_FLAGS + 3 * id;
      return { unfit: words[at + 1]!, absorbed: words[at + 2]! };
    }),
  };
}
