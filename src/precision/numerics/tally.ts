/** What a watch counts on the GPU: a row for each kind of op, in pages of rows, and the steps; one dispatch a result. */
import type { Arrived, Observer, StepEnd, StoredOp } from '../../autograd/observing.ts';
import type { Part } from '../../autograd/part.ts';
import { emptyTensor, type Tensor, type VariableValues } from '../../autograd/tensor.ts';
import type { Engine } from '../../gpu/engine.ts';
import type { Storage } from '../../gpu/storage.ts';
import {
  emptySteps,
  ROW_WORDS,
  ROWS,
  type RowTally,
  readRow,
  readSteps,
  type StepsTally,
  tallyKernel,
  tallyStepKernel,
} from '../../kernels/numerics.ts';
import { type DType, isFloat } from '../../values/dtype.ts';
import { ArgumentError } from '../../values/errors.ts';

/** Values that are counted together. */
export interface RowName {
  /** Path of the layer; `(loss)` of the losses, '' of what runs outside of both. */
  readonly layer: string;
  readonly pass: 'forward' | 'backward';
  /** Name of the op; of what no op made `input`, or the name of the variable. */
  readonly op: string;
  readonly kind: 'op' | 'weight' | 'input';
  /** Which of the op's results, from 0 on: normalisations, for one, keep statistics beside theirs. */
  readonly result: number;
  /** dtype that the values are stored in. */
  readonly dtype: DType;
  /** Variables whose gradients they are. */
  readonly gradientOf: readonly string[];
}

export interface Row extends RowName, RowTally {
  /** Steps in which a value did not fit its dtype, was infinite or NaN. */
  readonly badSteps: number;
  /** Steps in which it read such values and stored none. */
  readonly absorbedSteps: number;
}

export interface Reading {
  readonly rows: readonly Row[];
  readonly steps: StepsTally;
}

/** Rows of one buffer. */
const PAGE = 128;

interface Entry extends RowName {
  readonly gradientOf: string[];
}

/** What is watched. */
export interface Watched {
  /** The path of a part of the program; undefined where it is not watched. */
  pathOf(part: Part | undefined): string | undefined;
  /** An optimizer that updates one of these variables ends its steps; undefined: each does. */
  variables(): ReadonlySet<VariableValues> | undefined;
}

export class Tally implements Observer {
  readonly engine: Engine;
  readonly #watched: Watched;
  readonly #rows: Entry[] = [];
  readonly #byKey = new Map<string, number>();
  readonly #pages: Storage[] = [];
  readonly #steps: Storage;
  /** Rows of what ops made. */
  readonly #made = new WeakMap<Storage, number>();
  /** What came from outside and is counted already in this step, by where its work is recorded. */
  #met = new WeakMap<object, Map<Storage, number>>();
  #scale: Storage | undefined;
  /** Ops since the last step ended. */
  #ops = 0;
  /** The step that is about to end is one of what is watched. */
  #own = false;

  constructor(engine: Engine, watched: Watched) {
    this.engine = engine;
    this.#watched = watched;
    this.#steps = this.#keep(emptySteps());
  }

  stored(op: StoredOp): void {
    const layer = this.#watched.pathOf(op.part);
    if (layer === undefined || !op.outputs.some(isCounted)) return;
    const { name, pass, place, moves } = op;
    const rowOf = (index: number, { dtype }: Tensor) =>
      this.#rowOf({ layer, pass, op: name, kind: 'op', result: index, dtype }, place);
    if (op.repeated) {
      // Counted when it ran first; what is made of it has it as its source.
      for (const [index, output] of op.outputs.entries())
        if (isCounted(output)) this.#made.set(output.storage, rowOf(index, output));
      return;
    }
    this.#ops++;
    const sources = [...new Set(op.inputs.flatMap((input) => this.#sourceOf(input, layer, pass)))];
    // What an f16 result is rounded from is in no memory: the op is run again, with float32 results.
    const narrows = !moves && op.outputs.some(({ dtype }) => dtype === 'float16');
    const wide = narrows ? op.outputs.map((output) => this.#wide(output)) : op.outputs;
    if (narrows) op.again(wide);
    for (const [index, output] of op.outputs.entries()) {
      if (!isCounted(output)) continue;
      const row = rowOf(index, output);
      this.#count(wide[index]!, row, sources, pass === 'backward' ? this.#scale : undefined);
      this.#made.set(output.storage, row);
    }
    if (narrows) for (const tensor of wide) tensor.dispose();
  }

  lossScaled(state: Storage): void {
    this.#scale = state;
  }

  gradientsArrived(gradients: readonly Arrived[]): void {
    const own = this.#watched.variables();
    for (const { gradient, variable } of gradients) {
      if (own?.has(variable) === false) continue;
      this.#own = true;
      const row = this.#rows[this.#made.get(gradient.storage) ?? -1];
      if (row && !row.gradientOf.includes(variable.name)) row.gradientOf.push(variable.name);
    }
  }

  stepEnds({ state, checked, check }: StepEnd): void {
    if (!this.#own) return;
    if (!checked) check(this.#steps);
    const { engine } = this;
    const scale = this.#scale ?? state;
    tallyStepKernel(this.#steps, { engine, state, scale, continues: this.#ops === 0, checked });
    this.#ops = 0;
    this.#own = false;
    this.#scale = undefined;
    this.#met = new WeakMap();
  }

  /** Counts so far, after all recorded work. */
  async read(): Promise<Reading> {
    const names = this.#rows.map((row) => ({ ...row, gradientOf: [...row.gradientOf] }));
    const storages = [this.#steps, ...this.#pages];
    const bytes = await this.engine.read(storages.map((storage) => ({ storage, bytes: storage.bytes })));
    const [stepWords, ...pages] = bytes.map((buffer) => new Uint32Array(buffer));
    const steps = readSteps(stepWords!, names.length);
    const rows = names.map((name, id): Row => {
      const { unfit, absorbed } = steps.rows[id]!;
      const at = (id % PAGE) * ROW_WORDS;
      const tally = readRow(pages[Math.floor(id / PAGE)]!.subarray(at, at + ROW_WORDS));
      return { ...name, ...tally, badSteps: unfit, absorbedSteps: absorbed };
    });
    return { rows, steps };
  }

  dispose(): void {
    for (const storage of [this.#steps, ...this.#pages.splice(0)]) this.engine.release(storage);
  }

  #count(x: Tensor, id: number, sources: readonly number[], scale: Storage | undefined): void {
    tallyKernel(x, {
      ...{ rows: this.#pages[Math.floor(id / PAGE)]!, steps: this.#steps, index: id % PAGE, id },
      ...{ sources, stored: this.#rows[id]!.dtype, scale },
    });
  }

  /** The row of what `x` was made of; what no op made is counted where the forward pass reads it. */
  #sourceOf(x: Tensor, layer: string, pass: RowName['pass']): number | [] {
    const { storage, variable, dtype } = x;
    const made = this.#made.get(storage);
    if (made !== undefined) return made;
    const recorded = this.engine.openTrace ?? this.engine;
    let met = this.#met.get(recorded);
    if (!met) {
      met = new Map();
      this.#met.set(recorded, met);
    }
    const known = met.get(storage);
    if (known !== undefined) return known;
    if (pass === 'backward' || !isCounted(x) || x.size === 1) return [];
    const [op, kind] = variable ? ([variable.name, 'weight'] as const) : (['input', 'input'] as const);
    const row = this.#rowOf({ layer, pass, op, kind, result: 0, dtype }, 0);
    // What the f16 copy of a variable was rounded from are its values.
    this.#count(variable && x.halfCopy ? variable.read('float32') : x, row, [], undefined);
    met.set(storage, row);
    return row;
  }

  /** `place`: how many ops of the name came before it in one gradient. */
  #rowOf(name: Omit<RowName, 'gradientOf'>, place: number): number {
    const key = JSON.stringify([...Object.values(name), place]);
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const id = this.#rows.length;
    if (id === ROWS)
      throw new ArgumentError(`numerics.watch: more than ${ROWS} kinds of ops; watch a part of the model`);
    if (id % PAGE === 0) this.#pages.push(this.#keep(new Uint32Array(PAGE * ROW_WORDS)));
    this.#rows.push({ ...name, gradientOf: [] });
    this.#byKey.set(key, id);
    return id;
  }

  #wide({ shape, dtype }: Tensor): Tensor {
    const { engine } = this;
    return engine.during('other', () =>
      emptyTensor(engine, shape, dtype === 'float16' ? 'float32' : dtype, 'numerics.watch'),
    );
  }

  #keep(words: Uint32Array): Storage {
    return this.engine.untraced(() => this.engine.store(words, 'kept', 'numerics.watch'));
  }
}

function isCounted({ dtype, size }: Tensor): boolean {
  return isFloat(dtype) && size > 0;
}
