/** `Inspection`: what `inspect` found in a model's files, as numbers and as tables. */
import { type Shape, showShape } from '../values/shape.ts';
import { textTable, threeDigits } from '../values/text-table.ts';
import { isRecord } from './json.ts';
import { joinedAll, type Range } from './ranges.ts';
import type { StoredModel } from './stored-model.ts';

export interface InspectOptions {
  /** Told the share of the weights that was looked at, from 0 to 1. */
  onProgress?: (share: number) => void;
}

export interface InspectedLayer {
  readonly name: string;
  /** Its class. */
  readonly kind: string;
  /** Of one sample of each result; undefined where they are not known. */
  readonly shapes: readonly Shape[] | undefined;
  /** In which it computes, and that of its variables. */
  readonly precision: string;
  /** Number of values. */
  readonly weights: number;
  /** The dtypes that the file stores them in. */
  readonly stored: string;
  /** Of the floats among its weights. */
  readonly range: Range | undefined;
}

export class Inspection {
  readonly format: string;
  readonly kerasVersion: string | undefined;
  readonly layers: readonly InspectedLayer[];
  /** What `compile` was given, where the files say so. */
  readonly training: StoredModel['training'];
  /** Arrays of the optimizer's state in the files; 0 where there are none. */
  readonly optimizerArrays: number;
  /** Why the model cannot be run here; undefined where it can. */
  readonly reason: string | undefined;

  constructor(stored: StoredModel, layers: readonly InspectedLayer[], reason: string | undefined) {
    this.format = stored.format;
    this.kerasVersion = stored.kerasVersion;
    this.layers = layers;
    this.training = stored.training;
    this.optimizerArrays = stored.optimizerWeights?.length ?? 0;
    this.reason = reason;
  }

  get weights(): number {
    return this.layers.reduce((sum, { weights }) => sum + weights, 0);
  }

  /** Of all layers together; undefined where there are no weights. */
  get range(): Range | undefined {
    return joinedAll(this.layers.map(({ range }) => range));
  }

  /** Line by line: the format, what it was trained with, the optimizer's state. */
  get facts(): Readonly<Record<string, string>> {
    const { training } = this;
    const of = (key: string) => [training?.[key], training?.[`${key}_config`]].map(named).find(Boolean);
    const found = ['optimizer', 'loss', 'metrics'].flatMap((key) => {
      const value = of(key);
      return value ? [`${key} ${value}`] : [];
    });
    return {
      format: this.format + (this.kerasVersion ? `, Keras ${this.kerasVersion}` : ''),
      'trained with': found.join('; ') || 'not in the file',
      'optimizer state':
        this.optimizerArrays > 0
          ? `${this.optimizerArrays} ${this.optimizerArrays === 1 ? 'array' : 'arrays'}`
          : 'not in the file',
    };
  }

  toJSON(): object {
    const { format, kerasVersion, weights, range, layers, training, optimizerArrays, reason } = this;
    return { format, kerasVersion, weights, range, layers, training, optimizerArrays, reason };
  }

  toString(): string {
    const head = ['layer (type)', 'output shape', 'compute / variables', 'weights', 'stored as'];
    const rows = this.layers.map(({ name, kind, shapes, precision, weights, stored, range }) => [
      `${name} (${kind})`,
      shapes?.map((shape) => showShape(['n' as unknown as number, ...shape])).join(', ') ?? '?',
      ...[precision, weights.toLocaleString('en-US'), stored],
      ...rangeCells(range),
    ]);
    const total = ['total', '', '', this.weights.toLocaleString('en-US'), '', ...rangeCells(this.range)];
    const lines = [
      textTable([...head, ...RANGE_HEAD], [...rows, total]),
      '',
      'Overflow, subnormal and vanish: what float16 would make of the weights.',
    ];
    if (this.reason !== undefined) lines.push(`It cannot be run here: ${this.reason}`);
    return lines.join('\n');
  }
}

/** Above the cells of a range. */
export const RANGE_HEAD = ['max |weight|', 'overflow', 'subnormal', 'vanish'];

export function rangeCells(range: Range | undefined): string[] {
  if (!range) return ['', '', '', ''];
  const counts = [range.beyond, range.subnormal, range.vanishing];
  return [
    threeDigits(range.max),
    ...counts.map((count) => (count === 0 ? '0' : count.toLocaleString('en-US'))),
  ];
}

/** What a configuration names, in few words: a name, a class with its learning rate, a list of them. */
function named(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(named).filter(Boolean).join(', ') || undefined;
  if (!isRecord(value)) return undefined;
  const { class_name: kind, config } = value;
  const inner = isRecord(config) ? config : {};
  if (typeof kind !== 'string') {
    const parts = Object.entries(value).map(([name, own]) => `${name}: ${named(own) ?? '?'}`);
    return parts.join(', ') || undefined;
  }
  const rate = inner.learning_rate ?? inner.lr;
  const within = isRecord(inner.inner_optimizer ?? inner.optimizer)
    ? named(inner.inner_optimizer ?? inner.optimizer)
    : undefined;
  const name = typeof inner.name === 'string' && rate === undefined ? inner.name : kind;
  return `${within ? kind : name}${typeof rate === 'number' ? ` (learning rate ${Number(rate.toPrecision(4))})` : ''}${within ? ` of ${within}` : ''}`;
}
