/** A plan of precision by op: what each op of a prediction computes in and why, as a table and as rules that models run by. */
import { Model } from '../nn/model.ts';
import type { AutocastOptions } from '../precision/autocast.ts';
import { shortPath, textTable, threeDigits } from '../values/text-table.ts';
import type { Trained } from './layer-calls.ts';

export interface PlannedOp {
  /** The layer's path, or the name of the graph's node; '' outside of both. */
  readonly layer: string;
  readonly op: string;
  /** How many of this kind there are in the layer. */
  readonly count: number;
  /** dtypes of its float inputs: `'float16'`, or `'float16, float32'` where some, such as statistics, keep theirs. */
  readonly computes: string;
  /** Of its result. */
  readonly dtype: string;
  /** What the rules say. */
  readonly reason: string;
  /** Where sample inputs were measured: the largest |result| before it was narrowed. */
  readonly largest: number | undefined;
  /** What float16 costs it. */
  readonly notes: readonly string[];
}

/** A layer, or a node of a graph, whose ops the plan keeps in float32. */
export interface KeptLayer {
  readonly layer: string;
  /** What overflows float16 there. */
  readonly reason: string;
}

export class OpPlan {
  /** Those asked for, and in `float32In` the layers that stay float32. */
  readonly rules: AutocastOptions;
  readonly ops: readonly PlannedOp[];
  /** What the sample inputs added to `float32In`. */
  readonly kept: readonly KeptLayer[];

  constructor(rules: AutocastOptions, ops: readonly PlannedOp[], kept: readonly KeptLayer[]) {
    this.rules = rules;
    this.ops = ops;
    this.kept = kept;
  }

  /** Makes the model run by these rules, its layers in float32: they choose among float32 ops. */
  async apply(model: Trained): Promise<void> {
    if (model instanceof Model) model.dtypePolicy = 'float32';
    model.autocast = this.rules;
  }

  toString(): string {
    const measured = this.ops.some(({ largest }) => largest !== undefined);
    const rows = this.ops.map(({ layer, op, count, computes, dtype, reason, largest, notes }) => [
      shortPath(layer),
      count === 1 ? op : `${op} (${count})`,
      ...[computes, dtype],
      ...(measured ? [largest === undefined ? '' : threeDigits(largest)] : []),
      [reason, ...notes].join('; '),
    ]);
    const total = this.ops.reduce((sum, { count }) => sum + count, 0);
    const half = this.ops
      .filter(({ computes }) => computes.startsWith('float16'))
      .reduce((sum, { count }) => sum + count, 0);
    const head = [...['layer', 'op', 'computes in', 'result'], ...(measured ? ['max |result|'] : []), 'why'];
    return [
      textTable(head, rows),
      `${half} of ${total} ops compute in float16 by the rules '${this.rules.rules ?? 'tensorflow'}'.`,
      ...this.kept.map(({ layer, reason }) => `'${shortPath(layer)}' stays in float32: ${reason}.`),
    ].join('\n');
  }
}
