/** Variables side by side in one buffer, and their f16 copies in another: what changes them all is one dispatch. */
import type { Engine } from '../gpu/engine.ts';
import { BLOCK } from '../kernels/clip.ts';
import { fillKernel } from '../kernels/fill.ts';
import { bytesOf } from '../kernels/operand.ts';
import type { DType } from '../values/dtype.ts';
import { leaveScopes } from './scope.ts';
import { Tensor } from './tensor.ts';
import type { Variable } from './variable.ts';

/** Neighbours in an arena, as kernels take them. */
export interface ArenaRun {
  readonly arena: VariableArena;
  readonly variables: readonly Variable[];
  /** Element of the arena with which it begins. */
  readonly start: number;
  /** Elements, in whole blocks. */
  readonly size: number;
  readonly masters: Tensor;
  readonly copies: Tensor | undefined;
  /** How many elements of each block count: what follows the last one of a variable is padding. */
  readonly blocks: Tensor;
  /** The same with none in the blocks of variables, by their place in the run, that `counts` leaves out. */
  blocksOf(counts: (index: number) => boolean): Tensor;
  /** First block of each variable, and the block after its last one. */
  readonly ranges: Tensor;
}

interface Place {
  readonly arena: VariableArena;
  readonly index: number;
}

const places = new WeakMap<Variable, Place>();

/** Where a variable that was arranged lies among its neighbours: elements `start` to `start + size` of its arena. */
export function placeOf(variable: Variable): { arena: VariableArena; start: number; size: number } {
  const { arena, index } = places.get(variable)!;
  return { arena, ...arena.spanOf(index) };
}

/** Elements that a variable takes in an arena. */
function room({ size }: Variable): number {
  return Math.ceil(size / BLOCK) * BLOCK;
}

export class VariableArena {
  readonly engine: Engine;
  readonly dtype: DType;
  readonly #members: readonly Variable[];
  /** Element with which each member begins. */
  readonly #starts: readonly number[];
  readonly #size: number;
  readonly #masters: Tensor;
  #copies: Tensor | undefined;
  readonly #runs = new Map<string, ArenaRun & { readonly tables: ReadonlyMap<string, Tensor> }>();

  /** Moves the values of `members`, of one dtype and engine, into one buffer. Throws `OutOfMemoryError`. */
  constructor(members: readonly Variable[]) {
    const { engine, dtype } = members[0]!;
    this.engine = engine;
    this.dtype = dtype;
    this.#members = members;
    let size = 0;
    this.#starts = members.map((member) => {
      const start = size;
      size += room(member);
      return start;
    });
    this.#size = size;
    this.#masters = this.memory('weights', dtype);
    this.#moveIn(this.#masters, ({ storage }) => storage);
    for (const [index, member] of members.entries()) {
      places.set(member, { arena: this, index });
      member.arena = this;
    }
  }

  /** One `value` for each element of the arena: masters, copies, or an optimizer's slot. */
  memory(kind: 'weights' | 'f16 copies' | 'optimizer slots', dtype: DType, value = 0): Tensor {
    const { engine } = this;
    return engine.untraced(() => {
      const storage = engine.allocate(bytesOf(dtype, this.#size), 'kept', kind, kind);
      const tensor = new Tensor(engine, storage, [this.#size], dtype);
      leaveScopes(tensor);
      fillKernel(tensor, value);
      return tensor;
    });
  }

  /** The part of `whole`, memory of this arena's size, that `run` or one variable takes; its owner disposes it. */
  part(whole: Tensor, { start, size }: { readonly start: number; readonly size: number }): Tensor {
    if (start === 0 && size === whole.size) return own(whole.alias());
    const { engine, dtype } = whole;
    const storage = engine.slice(whole.storage, bytesOf(dtype, start), bytesOf(dtype, size));
    return own(new Tensor(engine, storage, [size], dtype));
  }

  /** Where a member lies. */
  spanOf(index: number): { start: number; size: number } {
    return { start: this.#starts[index]!, size: this.#members[index]!.size };
  }

  /** Members that lie side by side, from place `first` to place `last`. */
  run(first: number, last: number): ArenaRun {
    const key = `${first}-${last}`;
    const known = this.#runs.get(key);
    if (known && (known.copies || !this.#needsCopies())) return known;
    if (this.#needsCopies()) this.#makeCopies();
    const variables = this.#members.slice(first, last + 1);
    const start = this.#starts[first]!;
    const size = this.#starts[last]! + room(this.#members[last]!) - start;
    const sizes = variables.map((variable) =>
      Array.from({ length: room(variable) / BLOCK }, (_, i) => Math.min(BLOCK, variable.size - i * BLOCK)),
    );
    const blocks = this.#table(sizes.flat());
    const tables = new Map<string, Tensor>();
    const ranges = variables.flatMap((variable, i) => {
      const from = (this.#starts[first + i]! - start) / BLOCK;
      return [from, from + room(variable) / BLOCK];
    });
    const masters = this.part(this.#masters, { start, size });
    const copies = this.#copies && this.part(this.#copies, { start, size });
    masters.storage.parts = variables.map(({ storage }) => storage);
    if (copies) copies.storage.parts = variables.map(({ halfStorage }) => halfStorage!);
    const run = {
      ...{ arena: this, variables, start, size, masters, copies },
      blocks,
      tables,
      blocksOf: (counts: (index: number) => boolean) => {
        const left = sizes.map((own, index) => (counts(index) ? own : own.map(() => 0)));
        const key = left.map(([first]) => Math.sign(first!)).join('');
        if (!key.includes('0')) return blocks;
        const table = tables.get(key) ?? this.#table(left.flat());
        tables.set(key, table);
        return table;
      },
      ranges: this.#table(ranges),
    };
    this.#forget(key);
    this.#runs.set(key, run);
    return run;
  }

  /** A member is gone; with the last one all memory goes. */
  leave(): void {
    if (this.#members.some(({ disposed }) => !disposed)) return;
    for (const key of [...this.#runs.keys()]) this.#forget(key);
    this.#masters.dispose();
    this.#copies?.dispose();
  }

  #needsCopies(): boolean {
    return !this.#copies && this.#members.some(({ halfStorage }) => halfStorage !== undefined);
  }

  #makeCopies(): void {
    for (const member of this.#members) member.keepCopy();
    this.#copies = this.memory('f16 copies', 'float16');
    this.#moveIn(this.#copies, ({ halfStorage }) => halfStorage!);
  }

  #moveIn(whole: Tensor, storageOf: (member: Variable) => Variable['storage']): void {
    for (const [index, member] of this.#members.entries())
      this.engine.place(storageOf(member), whole.storage, bytesOf(whole.dtype, this.#starts[index]!));
  }

  #table(words: readonly number[]): Tensor {
    const { engine } = this;
    return engine.untraced(() => {
      const storage = engine.store(Uint32Array.from(words), 'kept', 'arena');
      return own(new Tensor(engine, storage, [words.length], 'uint32'));
    });
  }

  #forget(key: string): void {
    const run = this.#runs.get(key);
    this.#runs.delete(key);
    for (const tensor of [
      run?.masters,
      run?.copies,
      run?.blocks,
      run?.ranges,
      ...(run?.tables.values() ?? []),
    ])
      tensor?.dispose();
  }
}

function own(tensor: Tensor): Tensor {
  leaveScopes(tensor);
  return tensor;
}

/**
 * The runs in which these variables, all on one engine, lie side by side. Those that lie in no arena yet are moved into
 * new ones first: of one dtype, with f16 copies or without, each as large as one binding may be. Variables of different
 * groups are in different runs, and are moved into different arenas.
 */
export function arrange(
  variables: readonly Variable[],
  groupOf: (variable: Variable) => string = () => '',
): ArenaRun[] {
  form(
    variables.filter((variable) => !places.has(variable)),
    groupOf,
  );
  const byArena = new Map<VariableArena, Map<string, number[]>>();
  for (const variable of variables) {
    const { arena, index } = places.get(variable)!;
    const groups = byArena.get(arena) ?? new Map<string, number[]>();
    byArena.set(arena, groups);
    const group = groupOf(variable);
    groups.set(group, [...(groups.get(group) ?? []), index]);
  }
  return [...byArena].flatMap(([arena, groups]) =>
    [...groups.values()].flatMap((indices) => neighbours(indices).map(([a, b]) => arena.run(a, b))),
  );
}

function form(variables: readonly Variable[], groupOf: (variable: Variable) => string): void {
  const groups = new Map<string, Variable[]>();
  for (const variable of variables) {
    const { dtype, halfStorage, overwriteWithGradient } = variable;
    const kind = [dtype, halfStorage !== undefined, overwriteWithGradient, groupOf(variable)].join();
    groups.set(kind, [...(groups.get(kind) ?? []), variable]);
  }
  for (const group of groups.values()) {
    const { engine, dtype } = group[0]!;
    const most = engine.largestBinding;
    let members: Variable[] = [];
    let bytes = 0;
    for (const variable of group) {
      const own = bytesOf(dtype, room(variable));
      if (members.length > 0 && bytes + own > most) {
        new VariableArena(members);
        [members, bytes] = [[], 0];
      }
      members.push(variable);
      bytes += own;
    }
    new VariableArena(members);
  }
}

/** Runs of consecutive numbers among `indices`: [first, last] of each. */
function neighbours(indices: readonly number[]): [number, number][] {
  const runs: [number, number][] = [];
  for (const index of [...indices].sort((a, b) => a - b)) {
    const run = runs.at(-1);
    if (run && run[1] === index - 1) run[1] = index;
    else runs.push([index, index]);
  }
  return runs;
}
