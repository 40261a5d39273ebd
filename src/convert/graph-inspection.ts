/** `GraphInspection`: what `inspect` found in a graph-model's files, as numbers and as tables. */
import type { AutocastOptions } from '../precision/autocast.ts';
import { type Shape, showShape } from '../values/shape.ts';
import { shortPath, textTable } from '../values/text-table.ts';
import type { GraphPort } from './graph/ports.ts';
import { RANGE_HEAD, rangeCells } from './inspection.ts';
import { joinedAll, type Range } from './ranges.ts';

export interface InspectedWeight {
  /** Of its node. */
  readonly name: string;
  readonly shape: Shape;
  /** The dtype that the file stores it in. */
  readonly stored: string;
  /** Number of values. */
  readonly weights: number;
  /** Of floats. */
  readonly range: Range | undefined;
}

export class GraphInspection {
  readonly format: string;
  readonly inputs: readonly Omit<GraphPort, 'endpoint'>[];
  readonly outputs: readonly Omit<GraphPort, 'endpoint'>[];
  /** How many nodes there are of each op, the most frequent first; constants are not counted. */
  readonly ops: Readonly<Record<string, number>>;
  readonly arrays: readonly InspectedWeight[];
  /** Rules of precision by op that the file keeps. */
  readonly rules: AutocastOptions | undefined;
  /** Why the graph cannot be run here; undefined where it can. */
  readonly reason: string | undefined;

  constructor(
    found: Pick<GraphInspection, 'format' | 'inputs' | 'outputs' | 'ops' | 'arrays' | 'rules' | 'reason'>,
  ) {
    this.format = found.format;
    this.inputs = found.inputs.map(plain);
    this.outputs = found.outputs.map(plain);
    this.ops = found.ops;
    this.arrays = found.arrays;
    this.rules = found.rules;
    this.reason = found.reason;
  }

  get weights(): number {
    return this.arrays.reduce((sum, { weights }) => sum + weights, 0);
  }

  /** Of all arrays together; undefined where there are no floats. */
  get range(): Range | undefined {
    return joinedAll(this.arrays.map(({ range }) => range));
  }

  get facts(): Readonly<Record<string, string>> {
    return {
      format: this.format,
      inputs: this.inputs.map(portText).join(', '),
      outputs: this.outputs.map(portText).join(', '),
      ops: Object.entries(this.ops)
        .map(([op, count]) => `${op} ${count}`)
        .join(', '),
      'precision by op': this.rules ? JSON.stringify(this.rules) : 'not in the file',
    };
  }

  toJSON(): object {
    const { format, weights, range, inputs, outputs, ops, arrays, rules, reason } = this;
    return { format, weights, range, inputs, outputs, ops, arrays, rules, reason };
  }

  toString(): string {
    const rows = this.arrays.map(({ name, shape, stored, weights, range }) => [
      ...[shortPath(name), showShape(shape), weights.toLocaleString('en-US'), stored],
      ...rangeCells(range),
    ]);
    const total = ['total', '', this.weights.toLocaleString('en-US'), '', ...rangeCells(this.range)];
    const lines = [
      textTable(['weights of', 'shape', 'values', 'stored as', ...RANGE_HEAD], [...rows, total]),
      '',
      'Overflow, subnormal and vanish: what float16 would make of the weights.',
    ];
    if (this.reason !== undefined) lines.push(`It cannot be run here: ${this.reason}`);
    return lines.join('\n');
  }
}

function plain({ name, dtype, shape }: Omit<GraphPort, 'endpoint'>): Omit<GraphPort, 'endpoint'> {
  return { name, dtype, shape };
}

function portText({ name, dtype, shape }: Omit<GraphPort, 'endpoint'>): string {
  const sizes = shape?.map((size) => (size < 0 ? ('n' as unknown as number) : size));
  return `${name} ${sizes ? showShape(sizes) : 'of any shape'} ${dtype ?? 'of any dtype'}`;
}
