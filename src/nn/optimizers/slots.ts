/** An optimizer's slots: as much memory for each name as an arena of variables has, laid out as it is. */
import type { Tensor } from '../../autograd/tensor.ts';
import type { Variable } from '../../autograd/variable.ts';
import { type ArenaRun, arrange, placeOf, type VariableArena } from '../../autograd/variable-arena.ts';
import { list } from '../../values/dtype.ts';
import { ArgumentError } from '../../values/errors.ts';
import { encode } from '../../values/nested.ts';

/** Values by slot name, then by variable name. */
export type SlotValues = Record<string, Record<string, Float32Array>>;

/** What an optimizer does with a variable. */
export interface SlotPlan {
  /** Variables of one group are updated alike. */
  readonly group: string;
  readonly slots: readonly string[];
  /** Slots in float16; others are float32. */
  readonly halves: readonly string[];
}

interface ArenaSlots {
  /** By slot name, each of the arena's size. */
  readonly whole: Map<string, Tensor>;
  /** By slot name and the elements of the arena that they are. */
  readonly parts: Map<string, Tensor>;
}

export class Slots<P extends SlotPlan> {
  readonly #planOf: (variable: Variable) => P;
  readonly #start: (name: string) => number;
  readonly #arenas = new Map<VariableArena, ArenaSlots>();
  /** Those that had a step, in the order of their first. */
  readonly #variables = new Set<Variable>();

  /** `start` is what the slot of a name holds before the first step. */
  constructor(planOf: (variable: Variable) => P, start: (name: string) => number) {
    this.#planOf = planOf;
    this.#start = start;
  }

  /** The runs in which the variables of a step lie, each of one plan. */
  runsOf(variables: readonly Variable[]): { run: ArenaRun; plan: P }[] {
    for (const variable of variables) this.#variables.add(variable);
    const runs = arrange(variables, (variable) => this.#planOf(variable).group);
    return runs.map((run) => ({ run, plan: this.#planOf(run.variables[0]!) }));
  }

  /** By name, laid out as the part of an arena. They stay the optimizer's. */
  of(
    { arena, start, size }: Pick<ArenaRun, 'arena' | 'start' | 'size'>,
    { slots, halves }: SlotPlan,
  ): Readonly<Record<string, Tensor>> {
    const known: ArenaSlots = this.#arenas.get(arena) ?? { whole: new Map(), parts: new Map() };
    this.#arenas.set(arena, known);
    const part = (name: string): Tensor => {
      const key = `${name} ${start}+${size}`;
      const made = known.parts.get(key);
      if (made) return made;
      const dtype = halves.includes(name) ? 'float16' : 'float32';
      const whole = known.whole.get(name) ?? arena.memory('optimizer slots', dtype, this.#start(name));
      known.whole.set(name, whole);
      const own = arena.part(whole, { start, size });
      known.parts.set(key, own);
      return own;
    };
    return Object.fromEntries(slots.map((name) => [name, part(name)]));
  }

  /** The slot of one variable, flat; undefined where it had no step yet. */
  find(variable: Variable, name: string): Tensor | undefined {
    return this.#variables.has(variable) ? this.#ofVariable(variable)[name] : undefined;
  }

  /** All values. Throws `ArgumentError` where two variables have one name. */
  async read(where: string): Promise<SlotValues> {
    const values: SlotValues = {};
    const living = [...this.#variables].filter(({ disposed }) => !disposed);
    const names = new Set(living.map(({ name }) => name));
    if (names.size < living.length) {
      const twice = living.find(({ name }, i) => living.findIndex((other) => other.name === name) < i)!;
      throw new ArgumentError(`${where}: two variables are called '${twice.name}'; name them apart`);
    }
    for (const variable of living) {
      for (const [name, slot] of Object.entries(this.#ofVariable(variable))) {
        values[name] ??= {};
        values[name][variable.name] = Float32Array.from(await slot.data());
      }
    }
    return values;
  }

  /** Restores what `read` gave; what it does not have is as at the start. */
  write(values: SlotValues, variables: readonly Variable[]): void {
    this.runsOf(variables.filter(({ name }) => Object.values(values).some((own) => own[name])));
    for (const variable of variables) {
      if (!this.#variables.has(variable)) continue;
      const { engine, name, size } = variable;
      for (const [slot, { storage, dtype }] of Object.entries(this.#ofVariable(variable))) {
        const own = values[slot]?.[name] ?? new Float32Array(size).fill(this.#start(slot));
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
        if (!variable)
          throw new ArgumentError(
            `${which}: no such variable; use ${list(variables.map((one) => one.name))}`,
          );
        if (!this.#planOf(variable).slots.includes(slot))
          throw new ArgumentError(
            `${which}: this optimizer has no such slot; load the state of the same one`,
          );
        if (length !== variable.size)
          throw new ArgumentError(`${which} has ${length} values; use ${variable.size}`);
      }
    }
  }

  dispose(): void {
    for (const { whole, parts } of this.#arenas.values())
      for (const tensor of [...whole.values(), ...parts.values()]) tensor.dispose();
    this.#arenas.clear();
    this.#variables.clear();
  }

  #ofVariable(variable: Variable): Readonly<Record<string, Tensor>> {
    return this.of(placeOf(variable), this.#planOf(variable));
  }
}
