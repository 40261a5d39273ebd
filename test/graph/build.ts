// Builds graph-models of TensorFlow.js, as its converter writes them, from nodes in JavaScript.
import { randomOf } from '../ops/draws.ts';

/** A value of an attribute; whole numbers are `i`, so a float is `{ f: 1 }`. */
export type Attr = number | boolean | string | readonly number[] | readonly string[] | object;

export interface NodeJson {
  name: string;
  op: string;
  input?: string[];
  attr?: Record<string, object>;
}

export interface Weight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'int32' | 'bool';
  readonly values: readonly number[];
}

export interface Built {
  readonly json: Record<string, unknown>;
  readonly weights: Uint8Array;
  /** What they hold. */
  readonly stored: readonly Weight[];
}

export const TYPES = { float32: 'DT_FLOAT', int32: 'DT_INT32', bool: 'DT_BOOL', float16: 'DT_HALF' } as const;

export function attr(value: Attr): object {
  if (typeof value === 'boolean') return { b: value };
  if (typeof value === 'number') return { i: String(value) };
  if (typeof value === 'string') return value.startsWith('DT_') ? { type: value } : { s: btoa(value) };
  if (!Array.isArray(value)) return value;
  if (typeof value[0] === 'string') return { list: { s: value.map((text: string) => btoa(text)) } };
  return { list: value.length === 0 ? {} : { i: value.map(String) } };
}

export function node(
  name: string,
  op: string,
  input: readonly string[],
  attrs: Record<string, Attr> = {},
): NodeJson {
  const attributes = Object.entries(attrs).map(([key, value]) => [key, attr(value)]);
  return { name, op, input: [...input], attr: Object.fromEntries(attributes) };
}

export function placeholder(
  name: string,
  shape: readonly number[],
  dtype: keyof typeof TYPES = 'float32',
): NodeJson {
  const dim = shape.map((size) => ({ size: String(size) }));
  return node(name, 'Placeholder', [], { dtype: TYPES[dtype], shape: { shape: { dim } } });
}

export function constant({ name, dtype, shape }: Weight): NodeJson {
  const dim = shape.map((size) => ({ size: String(size) }));
  const tensor = { dtype: TYPES[dtype], tensorShape: { dim } };
  return node(name, 'Const', [], { dtype: TYPES[dtype], value: { tensor } });
}

/** A `model.json` and the bytes of its one shard, `weights.bin`. */
export function built(nodes: readonly NodeJson[], weights: readonly Weight[], rest: object = {}): Built {
  const parts = weights.map(({ dtype, values }) => {
    if (dtype === 'bool') return Uint8Array.from(values);
    const words = dtype === 'int32' ? Int32Array.from(values) : Float32Array.from(values);
    return new Uint8Array(words.buffer);
  });
  const all = [...weights.map(constant), ...nodes];
  const specs = weights.map(({ name, shape, dtype }) => ({ name, shape: [...shape], dtype }));
  return {
    json: {
      format: 'graph-model',
      modelTopology: { node: all, library: {}, versions: { producer: 440 } },
      weightsManifest: [{ paths: ['weights.bin'], weights: specs }],
      ...rest,
    },
    weights: new Uint8Array(Buffer.concat(parts)),
    stored: weights,
  };
}

/** Numbers between low and high that are halves, always the same ones for a name. */
export function drawn(name: string, count: number, low = -2, high = 2): number[] {
  const random = randomOf(name);
  return Array.from({ length: count }, () => Math.round((low + (high - low) * random()) * 64) / 64);
}
