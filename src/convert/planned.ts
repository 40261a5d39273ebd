/** A plan of precision: the policy of each layer with its reasons, as a table and as what carries it out. */
import type { Model } from '../nn/model.ts';
import type { Policy } from '../precision/policy.ts';
import { DTypePolicyMap } from '../precision/policy-map.ts';
import { textTable, threeDigits } from '../values/text-table.ts';
import { type FoldedCall, foldInputScale } from './input-scale.ts';
import type { Range } from './ranges.ts';

export interface Ranged {
  readonly inputs: Range | undefined;
  readonly results: Range | undefined;
  readonly weights: Range | undefined;
}

export interface PlannedLayer {
  /** The layer's name, behind the names of the models it is in. */
  readonly path: string;
  readonly policy: Policy;
  /** Where sample inputs were measured: its float32 ranges. */
  readonly ranges: Ranged | undefined;
  /** Why it stays float32; else what float16 costs it. */
  readonly notes: readonly string[];
}

export class Plan {
  readonly policy: Policy;
  readonly layers: readonly PlannedLayer[];
  /** What is folded into the first and last layers, a power of two; undefined where nothing is. */
  readonly inputScale: number | undefined;
  readonly #calls: readonly FoldedCall[];

  constructor(
    policy: Policy,
    layers: readonly PlannedLayer[],
    inputScale: number | undefined,
    calls: readonly FoldedCall[],
  ) {
    this.policy = policy;
    this.layers = layers;
    this.inputScale = inputScale;
    this.#calls = calls;
  }

  /** The policies by path, for `model.dtypePolicy`. */
  get policies(): DTypePolicyMap {
    const own = this.layers.filter(({ policy }) => policy.name !== this.policy.name);
    return new DTypePolicyMap(
      this.policy.name,
      Object.fromEntries(own.map(({ path, policy }) => [path, policy.name])),
    );
  }

  /** Carries the plan out on the model it was made for, in place of rules by op: weights change only where a scale is folded in. Once. */
  async apply(model: Model): Promise<void> {
    if (this.inputScale !== undefined) await foldInputScale(this.#calls, this.inputScale);
    model.dtypePolicy = this.policies;
    model.autocast = undefined;
  }

  toString(): string {
    const number = (range: Range | undefined) => (range === undefined ? '' : threeDigits(range.max));
    const measured = this.layers.some(({ ranges }) => ranges !== undefined);
    const rows = this.layers.map(({ path, policy, ranges, notes }) => [
      path,
      policy.computeDtype,
      policy.variableDtype,
      ...(measured ? [number(ranges?.weights), number(ranges?.inputs), number(ranges?.results)] : []),
      notes.join('; '),
    ]);
    const ranges = measured ? ['max |weight|', 'max |input|', 'max |result|'] : [];
    const scale =
      this.inputScale === undefined
        ? ''
        : `\nThe first kernels and the biases are divided by ${this.inputScale}, the last kernels multiplied by it.`;
    return textTable(['layer', 'computes in', 'variables', ...ranges, 'notes'], rows) + scale;
  }
}
