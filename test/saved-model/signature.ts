// Writes a SavedModel that is no model of Keras's: a signature that calls functions, variables, and the function that restores them.
import type { NodeJson } from '../graph/build.ts';
import { bundle, type Stored } from './bundle.ts';
import { entries, type Field, message, shape } from './encode.ts';

const TYPES: Record<string, number> = { DT_FLOAT: 1, DT_INT32: 3, DT_STRING: 7, DT_RESOURCE: 20 };

interface AttrJson {
  s?: string;
  i?: string;
  f?: number;
  b?: boolean;
  type?: string;
  shape?: { dim: { size: string }[] };
  list?: { s?: string[]; i?: string[] };
  /** Encoded already. */
  raw?: Field;
}

function attribute(attr: AttrJson): Uint8Array {
  if (attr.raw) return message([attr.raw]);
  if (attr.s !== undefined) return message([[2, atob(attr.s)]]);
  if (attr.i !== undefined) return message([[3, Number(attr.i)]]);
  if (attr.f !== undefined) return message([[4, { float: attr.f }]]);
  if (attr.b !== undefined) return message([[5, attr.b]]);
  if (attr.type !== undefined) return message([[6, TYPES[attr.type]!]]);
  if (attr.shape) return message([[7, shape(attr.shape.dim.map(({ size }) => Number(size)))]]);
  const { s = [], i = [] } = attr.list!;
  return message([
    [
      1,
      message([...s.map((text) => [2, atob(text)] as const), ...i.map((int) => [3, Number(int)] as const)]),
    ],
  ]);
}

export function nodeDef({ name, op, input = [], attr = {} }: NodeJson): Uint8Array {
  const attributes = Object.fromEntries(Object.entries(attr).map(([key, value]) => [key, attribute(value)]));
  return message([[1, name], [2, op], ...input.map((from) => [3, from] as const), ...entries(5, attributes)]);
}

/** A constant of floats, by its bytes, or of texts. */
export function constantDef(
  name: string,
  values: readonly number[] | readonly string[],
  sizes: readonly number[],
): NodeJson {
  const texts = typeof values[0] === 'string';
  const type = texts ? 'DT_STRING' : 'DT_FLOAT';
  const contents: Field[] = texts
    ? (values as string[]).map((text) => [8, text])
    : [[4, new Uint8Array(Float32Array.from(values as number[]).buffer)]];
  const tensor = message([[1, TYPES[type]!], [2, shape(sizes)], ...contents]);
  return { name, op: 'Const', attr: { dtype: { type }, value: { raw: [8, tensor] } } };
}

export interface FunctionJson {
  readonly name: string;
  readonly arguments: readonly string[];
  readonly nodes: readonly NodeJson[];
  /** Names of results, and what they are: `node:result:number`. */
  readonly results: Readonly<Record<string, string>>;
}

export function call(name: string, fn: string, input: readonly string[]): NodeJson {
  return {
    name,
    op: 'StatefulPartitionedCall',
    input: [...input],
    attr: { f: { raw: [10, message([[1, fn]])] } },
  };
}

export interface SignatureJson {
  readonly nodes: readonly NodeJson[];
  readonly functions: readonly FunctionJson[];
  readonly inputs: Readonly<Record<string, { name: string; shape: readonly number[] }>>;
  readonly outputs: Readonly<Record<string, string>>;
  /** The node that restores. */
  readonly restore?: string;
  readonly stored: readonly Stored[];
}

/** Files by name. */
export function signatureSavedModel(given: SignatureJson): Record<string, Uint8Array> {
  const functions = given.functions.map((fn) => {
    const names = (field: number, all: readonly string[]) =>
      all.map(
        (name) =>
          [
            field,
            message([
              [1, name],
              [3, 1],
            ]),
          ] as const,
      );
    const signature = message([
      [1, fn.name],
      ...names(2, fn.arguments),
      ...names(3, Object.keys(fn.results)),
    ]);
    return [
      1,
      message([
        [1, signature],
        ...fn.nodes.map((own) => [3, nodeDef(own)] as const),
        ...entries(4, fn.results),
      ]),
    ] as const;
  });
  const info = (name: string, sizes: readonly number[]) =>
    message([
      [1, name],
      [2, 1],
      [3, shape(sizes)],
    ]);
  const inputs = Object.fromEntries(
    Object.entries(given.inputs).map(([key, own]) => [key, info(own.name, own.shape)]),
  );
  const outputs = Object.fromEntries(
    Object.entries(given.outputs).map(([key, name]) => [key, info(name, [-1])]),
  );
  const signature = message([...entries(1, inputs), ...entries(2, outputs)]);
  const graph = message([...given.nodes.map((own) => [1, nodeDef(own)] as const), [2, message(functions)]]);
  const meta = message([
    [1, message([[4, 'serve']])],
    [2, graph],
    ...(given.restore ? [[3, message([[3, given.restore]])] as const] : []),
    ...entries(5, { serving_default: signature }),
  ]);
  return {
    'saved_model.pb': message([
      [1, 1],
      [2, meta],
    ]),
    ...bundle(given.stored),
  };
}
