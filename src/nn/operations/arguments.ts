/** Arguments of an operation that are no tensors, read with a check. */
import { show } from '../../values/dtype.ts';
import { ArgumentError } from '../../values/errors.ts';
import { normaliseAxes } from '../../values/shape.ts';

/** One of Python's slices, null for what is left out. */
export interface SliceKey {
  readonly start: number | null;
  readonly stop: number | null;
  readonly step: number | null;
}

/** `x[0, ..., None, 1:]` is `[0, '...', null, { start: 1, stop: null, step: null }]`. */
export type ItemKey = number | null | '...' | SliceKey;

const isWhole = (value: unknown): value is number => Number.isInteger(value);

/** Each method throws `ArgumentError` where the argument is of another kind. */
export class Arguments {
  readonly #where: string;
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(where: string, values: Readonly<Record<string, unknown>>) {
    this.#where = where;
    this.#values = values;
  }

  get(name: string): unknown {
    return this.#values[name] ?? undefined;
  }

  refuse(name: string, accepted: string): never {
    throw new ArgumentError(`${this.#where}: ${name} ${show(this.#values[name])}; use ${accepted}`);
  }

  flag(name: string): boolean {
    const value = this.get(name) ?? false;
    return typeof value === 'boolean' ? value : this.refuse(name, 'true or false');
  }

  number(name: string, otherwise?: number): number {
    const value = this.get(name) ?? otherwise;
    return typeof value === 'number' ? value : this.refuse(name, 'a number');
  }

  count(name: string): number {
    const value = this.get(name);
    return isWhole(value) && value > 0 ? value : this.refuse(name, 'a whole number from 1 on');
  }

  string<T extends string>(name: string, accepted: readonly T[], otherwise?: T): T {
    const value = this.get(name) ?? otherwise;
    const found = accepted.find((one) => one === value);
    return found ?? this.refuse(name, accepted.map((one) => `'${one}'`).join(', '));
  }

  integers(name: string): readonly number[] {
    const value = this.get(name);
    return Array.isArray(value) && value.every(isWhole)
      ? value
      : this.refuse(name, 'a list of whole numbers');
  }

  /** Counted from the front, the batch being axis 0. Throws `ShapeError` too. */
  axis(name: string, rank: number, otherwise?: number): number {
    const value = this.get(name) ?? otherwise;
    if (!isWhole(value)) this.refuse(name, 'a whole number');
    return normaliseAxes(this.#where, value as number, rank)[0]!;
  }

  /** One or several, sorted; all of them where none are given. */
  axes(name: string, rank: number): readonly number[] {
    const value = this.get(name);
    if (value !== undefined && !isWhole(value)) this.integers(name);
    return normaliseAxes(this.#where, value as number | undefined, rank);
  }

  pairs(name: string): readonly (readonly [number, number])[] {
    const value = this.get(name);
    const isPair = (pair: unknown) => Array.isArray(pair) && pair.length === 2 && pair.every(isWhole);
    return Array.isArray(value) && value.every(isPair) ? value : this.refuse(name, 'a pair for each axis');
  }

  key(name: string): readonly ItemKey[] {
    const value = this.get(name);
    const items: readonly unknown[] = Array.isArray(value) ? value : [value];
    const isBound = (bound: unknown) => bound === null || isWhole(bound);
    const isKey = (item: unknown) =>
      item === null ||
      item === '...' ||
      isWhole(item) ||
      (isSlice(item) && Object.values(item).every(isBound));
    if (value === undefined || !items.every(isKey))
      this.refuse(name, "whole numbers, '...', null for a new axis, and { start, stop, step }");
    return items as readonly ItemKey[];
  }
}

function isSlice(item: unknown): item is SliceKey {
  return (
    typeof item === 'object' &&
    item !== null &&
    ['start', 'stop', 'step'].every((bound) => bound in item) &&
    Object.keys(item).length === 3
  );
}
