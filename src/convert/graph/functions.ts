/** Functions of a graph, and the nodes that call them: branches and loops of TensorFlow 2. */
import { FormatError } from '../../values/errors.ts';
import { type Endpoint, endpointOf, type GraphNode } from './graph.ts';

/** The op of nodes that have a function's arguments. */
export const ARGUMENT = '_Arg';

/** Names of functions by the attributes that have them, of nodes that call some of them or call them again and again. */
const CALLED: Readonly<Record<string, readonly string[]>> = {
  ...{ If: ['then_branch', 'else_branch'], StatelessIf: ['then_branch', 'else_branch'] },
  ...{ While: ['cond', 'body'], StatelessWhile: ['cond', 'body'] },
};

export function isCall(op: string): boolean {
  return Object.hasOwn(CALLED, op);
}

/** Names of the functions that a node may call, in the order of its attributes. Throws `FormatError` where it names none. */
export function calledBy({ name, op, attributes }: GraphNode): string[] {
  return (CALLED[op] ?? []).map((key) => {
    const called = attributes.get(key)?.func;
    if (called === undefined) throw new FormatError(`node '${name}': attribute '${key}' names no function`);
    return called;
  });
}

/** Names of the results of ops that have more than one list of them, as functions refer to them. */
const RESULTS: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(
    ['FusedBatchNorm', 'FusedBatchNormV2', 'FusedBatchNormV3'].map((op) => [
      op,
      ['y', 'batch_mean', 'batch_variance', 'reserve_space_1', 'reserve_space_2', 'reserve_space_3'],
    ]),
  ),
  ListDiff: ['out', 'idx'],
  Merge: ['output', 'value_index'],
  NonMaxSuppressionV4: ['selected_indices', 'valid_outputs'],
  NonMaxSuppressionV5: ['selected_indices', 'selected_scores', 'valid_outputs'],
  Switch: ['output_false', 'output_true'],
  TensorArrayConcatV3: ['value', 'lengths'],
  TensorArrayV3: ['handle', 'flow'],
  TensorListConcat: ['tensor', 'lengths'],
  TensorListConcatV2: ['tensor', 'lengths'],
  TensorListPopBack: ['output_handle', 'tensor'],
  TopKV2: ['values', 'indices'],
  Unique: ['y', 'idx'],
  UniqueV2: ['y', 'idx'],
};

/** What `text` names in a function: an argument, or `node:result:number`. `ops` are those of its nodes, by name. */
export function resultOf(where: string, text: string, ops: ReadonlyMap<string, string>): Endpoint {
  const [own, result, number] = text.split(':') as [string, string?, string?];
  const op = ops.get(own);
  if (op === undefined) throw new FormatError(`${where}: '${text}' is no result of a node`);
  // As outside of functions, where the graph was written so.
  if (result !== undefined && number === undefined && /^\d+$/.test(result)) return endpointOf(where, text);
  const first = Math.max(0, RESULTS[op]?.indexOf(result ?? '') ?? 0);
  return { node: own, output: first + Number(number ?? 0) };
}
