/** Attributes of a node of a TensorFlow graph, whichever encoding they came in, read as what an op needs them to be. */
import type { DType } from '../../values/dtype.ts';
import { list, show } from '../../values/dtype.ts';
import { FormatError } from '../../values/errors.ts';
import type { Shape } from '../../values/shape.ts';
import type { HostArray } from './host-array.ts';

/** `AttrValue` of TensorFlow: one of these is there. Strings are decoded, sizes and integers are numbers. */
export interface AttributeValue {
  readonly s?: string;
  readonly i?: number;
  readonly f?: number;
  readonly b?: boolean;
  /** A name such as `DT_FLOAT`. */
  readonly type?: string;
  /** Sizes, -1 where one is not known; null where the rank is not known. */
  readonly shape?: Shape | null;
  /** Name of a function. */
  readonly func?: string;
  readonly tensor?: HostArray | UnreadTensor | Texts;
  readonly list?: { readonly s?: readonly string[]; readonly i?: readonly number[] };
}

/** A constant whose values lie elsewhere, as in the weights of a TensorFlow.js model, or are of no use here. */
export interface UnreadTensor {
  readonly unread: string;
}

export interface Texts {
  readonly texts: readonly string[];
}

/** TensorFlow's dtypes, by number and name, and what they are here. Wider ones are narrowed, narrower integers widened. */
const TYPES: readonly (readonly [number, string, DType | undefined])[] = [
  [1, 'DT_FLOAT', 'float32'],
  [2, 'DT_DOUBLE', 'float32'],
  [3, 'DT_INT32', 'int32'],
  [4, 'DT_UINT8', 'int32'],
  [5, 'DT_INT16', 'int32'],
  [6, 'DT_INT8', 'int32'],
  [7, 'DT_STRING', undefined],
  [8, 'DT_COMPLEX64', undefined],
  [9, 'DT_INT64', 'int32'],
  [10, 'DT_BOOL', 'bool'],
  [14, 'DT_BFLOAT16', 'float32'],
  [17, 'DT_UINT16', 'int32'],
  [19, 'DT_HALF', 'float16'],
  [20, 'DT_RESOURCE', undefined],
  [22, 'DT_UINT32', 'int32'],
  [23, 'DT_UINT64', 'int32'],
];

/** The name behind a number of TensorFlow's `DataType`. */
export function typeName(number: number): string {
  return TYPES.find(([own]) => own === number)?.[1] ?? `dtype ${number}`;
}

/** What a dtype of TensorFlow's is here; undefined for strings, resources and the like. */
export function dtypeOf(name: string): DType | undefined {
  return TYPES.find(([, own]) => own === name)?.[2];
}

export class Attributes {
  /** Of the node, for messages. */
  readonly #where: string;
  readonly #values: ReadonlyMap<string, AttributeValue>;

  constructor(where: string, values: ReadonlyMap<string, AttributeValue>) {
    this.#where = where;
    this.#values = values;
  }

  get(name: string): AttributeValue | undefined {
    return this.#values.get(name);
  }

  /** Throws `FormatError` where there is none, or it is none of `accepted`. */
  string(name: string, fallback?: string, accepted?: readonly string[]): string {
    const value = this.#one(name, 's', fallback) as string;
    return accepted && !accepted.includes(value) ? this.#refuse(name, value, `use ${list(accepted)}`) : value;
  }

  /** A whole number. */
  int(name: string, fallback?: number): number {
    const value = this.#one(name, 'i', fallback) as number;
    return Number.isSafeInteger(value) ? value : this.#refuse(name, value, 'use a whole number');
  }

  float(name: string, fallback?: number): number {
    return this.#one(name, 'f', fallback) as number;
  }

  bool(name: string, fallback = false): boolean {
    return this.#one(name, 'b', fallback) as boolean;
  }

  dtype(name: string, fallback?: DType): DType {
    const type = this.#values.get(name)?.type;
    if (type === undefined && fallback) return fallback;
    return (
      (type === undefined ? undefined : dtypeOf(type)) ??
      this.#refuse(name, type, 'use floats, integers or bools')
    );
  }

  shape(name: string): Shape | null {
    return this.#values.get(name)?.shape ?? null;
  }

  /** A list of `length` whole numbers, or of any length. */
  ints(name: string, fallback?: readonly number[], length?: number): readonly number[] {
    const value = this.#values.get(name);
    // An empty list of unknown kind is a list of all kinds.
    const ints = value?.list ? (value.list.i ?? []) : fallback;
    if (!ints?.every(Number.isSafeInteger)) return this.#refuse(name, ints, 'use whole numbers');
    if (length !== undefined && ints.length !== length)
      return this.#refuse(name, ints, `use ${length} whole numbers`);
    return ints;
  }

  strings(name: string): readonly string[] {
    return this.#values.get(name)?.list?.s ?? [];
  }

  #one(name: string, kind: 's' | 'i' | 'f' | 'b', fallback: unknown): unknown {
    return this.#values.get(name)?.[kind] ?? fallback ?? this.#refuse(name, undefined, 'it is needed');
  }

  #refuse(name: string, value: unknown, rule: string): never {
    throw new FormatError(
      `${this.#where}: attribute '${name}' is ${value === undefined ? 'missing or of another kind' : show(value)}; ${rule}`,
    );
  }
}
