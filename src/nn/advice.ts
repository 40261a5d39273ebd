/** `Advice`: float32 and mixed precision side by side, and in words whether mixed precision is worth it. */
import type { EngineInfo } from '../gpu/adapter.ts';
import { megabytes } from '../gpu/storage.ts';
import { textTable } from '../values/text-table.ts';

/** One kind of work in one precision. */
export interface Measured {
  /** Milliseconds of one prediction or step, the median. */
  readonly ms: number;
  /** Weights, copies, optimizer slots, activations and gradients that the program uses. */
  readonly bytes: number;
  readonly dispatches: number;
  /** Dispatches that do nothing but cast, and their share of the kernels' time. */
  readonly casts: number;
  readonly castShare: number;
}

export interface AdviceRow {
  readonly kind: 'predict' | 'train';
  readonly float32: Measured;
  readonly mixed: Measured;
  /** Time of mixed precision over that of float32, the median of the rounds. */
  readonly ratio: number;
  /** The quarters of the rounds' ratios: half of them lie between. */
  readonly spread: readonly [low: number, high: number];
}

export type Verdict = 'worth it' | 'a trade' | 'no difference' | 'not worth it';

/** Less than this is not told from noise. */
const LEAST = 0.03;
const WORK = { predict: 'Prediction', train: 'Training' };

export class Advice {
  readonly info: EngineInfo;
  readonly batchSize: number;
  readonly rows: readonly AdviceRow[];
  /** What was held against float32. */
  readonly label: string;

  constructor(info: EngineInfo, batchSize: number, rows: readonly AdviceRow[], label = 'mixed_float16') {
    this.info = info;
    this.batchSize = batchSize;
    this.rows = rows;
    this.label = label;
  }

  /** Whether time and memory speak for mixed precision, for predictions or for training. */
  verdict(row: AdviceRow): Verdict {
    const time = told(row) ? row.ratio - 1 : 0;
    const memory = row.mixed.bytes / row.float32.bytes - 1;
    const good = time < 0 || memory < -LEAST;
    const bad = time > 0 || memory > LEAST;
    return good ? (bad ? 'a trade' : 'worth it') : bad ? 'not worth it' : 'no difference';
  }

  /** One sentence for each kind of work, and what to know of the adapter. */
  get words(): readonly string[] {
    const sentences = this.rows.map((row) => {
      const { kind, float32, mixed, ratio } = row;
      const casts =
        mixed.casts > float32.casts ? `; casts take ${percent(mixed.castShare)} of its kernels' time` : '';
      const time = told(row) ? change(ratio, 'time') : `about the same time (${range(row)} times float32's)`;
      const memory = change(mixed.bytes / float32.bytes, 'memory');
      return `${WORK[kind]} in ${this.label}: ${this.verdict(row)}. It takes ${time} and ${memory}${casts}.`;
    });
    const { software, f16 } = this.info;
    if (f16 === 'packed')
      sentences.push('This adapter has no shader-f16: halves are packed in words and unpacked to compute.');
    if (software)
      sentences.push(
        'This adapter is software, a processor playing a GPU: the times say nothing of a graphics card, the memory does.',
      );
    return sentences;
  }

  toString(): string {
    const rows = this.rows.flatMap(({ kind, float32, mixed }) =>
      Object.entries({ float32, [this.label]: mixed }).map(([policy, of]) => [
        kind,
        policy,
        of.ms.toFixed(2),
        megabytes(of.bytes),
        String(of.dispatches),
        String(of.casts),
        percent(of.castShare),
      ]),
    );
    const head = ['', 'precision', 'ms', 'memory', 'dispatches', 'casts', 'their time'];
    return [
      `${this.info.adapter}, batches of ${this.batchSize}`,
      textTable(head, rows),
      '',
      ...this.words,
    ].join('\n');
  }
}

/** Whether the times differ by more than their noise: a ratio counts where at least three quarters of the rounds are on its side. */
function told({ ratio, spread: [low, high] }: AdviceRow): boolean {
  return ratio < 1 ? ratio < 1 - LEAST && high < 1 : ratio > 1 + LEAST && low > 1;
}

function range({ spread }: AdviceRow): string {
  return spread.map((ratio) => ratio.toFixed(2)).join(' to ');
}

/** `12 % less time`. */
function change(ratio: number, what: string): string {
  const off = Math.round(Math.abs(ratio - 1) * 100);
  return off === 0 ? `the same ${what}` : `${off} % ${ratio < 1 ? 'less' : 'more'} ${what}`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
