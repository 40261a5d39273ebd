/** An optimizer's slots: as much memory for each name as an arena of variables has, laid out as it is. */
import type { Tensor } from '../../autograd/tensor.ts';
import type { Variable } from '../../autograd/variable.ts';
import { type ArenaRun, arrange, placeOf, type VariableArena } from '../../autograd/variable-arena.ts';
import { list } from '../../values/dtype.ts';
import { ArgumentError } from '../../values/errors.ts';
import { encode } from '../../values/nested.ts';

/** Values by slot name, then by variable name. */
export type SlotValues = Record<string, Record<string, Float32Array>>;

interface ArenaSlots {
  /** One a name, each of the arena's size. */
  readonly whole: readonly Tensor[];
  /** By the elements of the arena that they are. */
  readonly parts: Map<string, readonly Tensor[]>;
}

export class Slots {
  readonly #names: () => readonly string[];
  readonly #start: (name: string) => number;
  readonly #arenas = new Map<VariableArena, ArenaSlots>();
  /** Those that had a step, in the order of their first. */
  readonly #variables = new Set<Variable>();

  /** `start` is what the slot of a name holds before the first step. */
  constructor(names: () => readonly string[], start: (name: string) => number) {
    this.#names = names;
    this.#start = start;
  }

  /** The runs in which the variables of a step lie. */
  runsOf(variables: readonly Variable[]): ArenaRun[] {
    for (const variable of variables) this.#variables.add(variable);
    return arrange(variables);
  }

  /** One a name, laid out as the part of an arena. They stay the optimizer's. */
  of({ arena, start, size }: Pick<ArenaRun, 'arena' | 'start' | 'size'>): readonly Tensor[] {
    let slots = this.#arenas.get(arena);
    if (!slots) {
      const whole = this.#names().map((name) =>
        arena.memory('optimizer slots', arena.dtype, this.#start(name)),
      );
      slots = { whole, parts: new Map() };
      this.#arenas.set(arena, slots);
    }
    const key = `${start}+${size}`;
    let parts = slots.parts.get(key);
    if (!parts) {
      parts = slots.whole.map((tensor) => arena.part(tensor, { start, size }));
      slots.parts.set(key, parts);
    }
    return parts;
  }

  /** All values. Throws `ArgumentError` where two variables have one name. */
  async read(where: string): Promise<SlotValues> {
    const values: SlotValues = Object.fromEntries(this.#names().map((name) => [name, {}]));
    const living = [...this.#variables].filter(({ disposed }) => !disposed);
    const names = new Set(living.map(({ name }) => name));
    if (names.size < living.length) {
      const twice = living.find(({ name }, i) => living.findIndex((other) => other.name === name) < i)!;
      throw new ArgumentError(`${where}: two variables are called '${twice.name}'; name them apart`);
    }
    for (const variable of living) {
      const slots = this.#ofVariable(variable);
      for (const [index, name] of this.#names().entries())
        values[name]![variable.name] = Float32Array.from(await slots[index]!.data());
    }
    return values;
  }

  /** Restores what `read` gave; what it does not have is as at the start. */
  write(values: SlotValues, variables: readonly Variable[]): void {
    this.runsOf(variables.filter(({ name }) => this.#names().some((slot) => values[slot]?.[name])));
    for (const variable of variables) {
      if (!this.#variables.has(variable)) continue;
      const { engine, dtype, name, size } = variable;
      const slots = this.#ofVariable(variable);
      for (const [index, slot] of this.#names().entries()) {
        const own = values[slot]?.[name] ?? new Float32Array(size).fill(this.#start(slot));
        const { storage } = slots[index]!;
        engine.untraced(() => engine.write(storage, encode(name, own, dtype)));
      }
    }
  }

  /** Throws `ArgumentError` unless `values` are slots of these variables. */
  check(where: string, values: SlotValues, variables: readonly Variable[]): void {
    for (const [slot, own] of Object.entries(values)) {
      for (const [name, { length }] of Object.entries(own)) {
        const which = `${where}: slot '${slot}' of '${name}'`;
        const variable = variables.find((one) => one.name === name);
        if (!this.#names().includes(slot))
          throw new ArgumentError(
            `${which}: this optimizer has no such slot; load the state of the same one`,
          );
        if (!variable)
          throw new ArgumentError(
            `${which}: no such variable; use ${list(variables.map((one) => one.name))}`,
          );
        if (length !== variable.size)
          throw new ArgumentError(`${which} has ${length} values; use ${variable.size}`);
      }
    }
  }

  dispose(): void {
    for (const { whole, parts } of this.#arenas.values())
      for (const tensor of [...whole, ...[...parts.values()].flat()]) tensor.dispose();
    this.#arenas.clear();
    this.#variables.clear();
  }

  /** Those of one variable; undefined where it had no step. */
  partOf(variable: Variable): readonly Tensor[] | undefined {
    return this.#variables.has(variable) ? this.#ofVariable(variable) : undefined;
  }

  #ofVariable(variable: Variable): readonly Tensor[] {
    return this.of(placeOf(variable));
  }
}
