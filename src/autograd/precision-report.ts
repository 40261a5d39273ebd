/** What a program computes in: the dtype of each op and why, and where values change theirs. */
import { textTable } from '../values/text-table.ts';
import type { OpEntry } from './autocasting.ts';

export interface ExplainedOp {
  readonly name: string;
  /** Path of the layer that it ran in; '' outside of layers. */
  readonly layer: string;
  readonly pass: 'forward' | 'backward';
  /** Of its float inputs, each once, as in `'float16'`, or `'float16, float32'` where some keep their own. */
  readonly inputs: string;
  /** Of its result. */
  readonly dtype: string;
  /** Why it computes so: the list, or what the painting of the graph found; without autocast what it was given. */
  readonly reason: string;
}

export interface ExplainedCast {
  readonly pass: 'forward' | 'backward';
  readonly from: string;
  readonly to: string;
  /** Whether autocast put it there; else a layer, a tape or a call of `ht.cast` did. */
  readonly inserted: boolean;
  /** It costs nothing: optimizers keep this copy of a variable. */
  readonly cached: boolean;
  readonly reason: string;
}

export class PrecisionReport {
  /** All but casts, in the order in which they run. */
  readonly ops: readonly ExplainedOp[];
  readonly casts: readonly ExplainedCast[];

  constructor(entries: readonly OpEntry[]) {
    this.ops = entries
      .filter(({ name }) => name !== 'cast')
      .map(({ name, layer, pass, inputs, dtype, why }) => ({
        ...{ name, layer, pass, dtype },
        inputs: [...new Set(inputs)].join(', '),
        reason: why,
      }));
    this.casts = entries
      .filter(({ name }) => name === 'cast')
      .map(({ pass, inputs, dtype, why, inserted = false, cached = false }) => ({
        ...{ pass, from: inputs[0]!, to: dtype, inserted, cached },
        reason: inserted ? why : 'by a layer, a tape or ht.cast',
      }));
  }

  toString(): string {
    const half = this.ops.filter(({ inputs }) => inputs.startsWith('float16')).length;
    const inserted = this.casts.filter((cast) => cast.inserted);
    const free = inserted.filter(({ cached }) => cached).length;
    const inLayers = this.ops.some(({ layer }) => layer !== '');
    const layers = (...cells: string[]) => (inLayers ? cells : []);
    const ops = this.ops.map(({ name, layer, pass, inputs, dtype, reason }) => [
      ...layers(layer),
      ...[name, pass, inputs, dtype, reason],
    ]);
    const casts = this.casts.map(({ pass, from, to, inserted, cached, reason }) => {
      return [
        `${from} -> ${to}`,
        pass,
        inserted ? (cached ? 'a kept copy' : 'inserted') : 'in the program',
        reason,
      ];
    });
    return [
      `${half} of ${this.ops.length} ops in float16; ${inserted.length} casts inserted, ${free} of them copies that optimizers keep`,
      textTable([...layers('layer'), 'op', 'pass', 'inputs', 'result', 'why'], ops),
      ...(casts.length > 0 ? [textTable(['cast', 'pass', 'how', 'why'], casts)] : []),
    ].join('\n\n');
  }
}
