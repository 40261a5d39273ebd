/** The two graphs of objects in a SavedModel: what was saved, and where in the checkpoint the values of variables are. */
import { FormatError } from '../../values/errors.ts';
import type { Bundle } from './bundle.ts';
import { Message } from './message.ts';

/** Of an optimizer: its own values for a variable. */
export interface Slot {
  readonly name: string;
  readonly variable: number;
  readonly values: number;
}

export interface CheckpointNode {
  readonly children: ReadonlyMap<string, number>;
  /** Key of its value in the bundle. */
  readonly key: string | undefined;
  /** Of a variable: `Adam/dense/kernel/m`. */
  readonly name: string;
  readonly slots: readonly Slot[];
}

export interface SavedNode {
  readonly children: ReadonlyMap<string, number>;
  /** Name of a variable; undefined for what is none. */
  readonly variable: string | undefined;
  /** Of an object of Keras: what it is, and its configuration as JSON. */
  readonly identifier: string;
  readonly metadata: string;
}

const KEY = '_CHECKPOINTABLE_OBJECT_GRAPH';

/** `TrackableObjectGraph` of a checkpoint; node 0 is the root. Throws `FormatError`. */
export async function checkpointNodes(bundle: Bundle, where: string): Promise<readonly CheckpointNode[]> {
  if (!bundle.has(KEY)) throw new FormatError(`${where}: the checkpoint has no graph of objects ('${KEY}')`);
  const nodes = new Message(`${where}: ${KEY}`, await bundle.text(KEY)).messages(1, 'node');
  return nodes.map((node) => {
    const values = node.messages(2, 'value').filter((value) => value.string(1) === 'VARIABLE_VALUE');
    return {
      children: childrenOf(node, nodes.length),
      key: values[0]?.string(3),
      name: values[0]?.string(2) ?? '',
      slots: node.messages(3, 'slot').map((slot) => ({
        name: slot.string(2),
        variable: idIn(slot, 1, nodes.length),
        values: idIn(slot, 3, nodes.length),
      })),
    };
  });
}

/** `SavedObjectGraph` of a `MetaGraphDef`; node 0 is the root. Throws `FormatError`. */
export function savedNodes(graph: Message): readonly SavedNode[] {
  const nodes = graph.messages(1, 'object');
  return nodes.map((node) => {
    const object = node.message(4, 'object');
    return {
      children: childrenOf(node, nodes.length),
      variable: node.has(7) ? node.message(7, 'variable').string(6) : undefined,
      identifier: object.string(1),
      metadata: object.string(3),
    };
  });
}

function childrenOf(node: Message, count: number): ReadonlyMap<string, number> {
  return new Map(node.messages(1, 'child').map((child) => [child.string(2), idIn(child, 1, count)]));
}

function idIn(message: Message, field: number, count: number): number {
  const id = message.int(field);
  if (id < 0 || id >= count) throw new FormatError(`${message.where}: object ${id} of ${count}`);
  return id;
}

interface Linked {
  readonly children: ReadonlyMap<string, number>;
}

/** For each object that was saved the node of the checkpoint that is reached from the root by the same names. */
export function paired(saved: readonly Linked[], checkpoint: readonly Linked[]): ReadonlyMap<number, number> {
  const pairs = new Map<number, number>();
  const waiting: (readonly [number, number])[] = [[0, 0]];
  for (let pair = waiting.pop(); pair; pair = waiting.pop()) {
    const [own, other] = pair;
    if (pairs.has(own) || !saved[own] || !checkpoint[other]) continue;
    pairs.set(own, other);
    for (const [name, child] of saved[own].children) {
      const twin = checkpoint[other].children.get(name);
      if (twin !== undefined && !pairs.has(child)) waiting.push([child, twin]);
    }
  }
  return pairs;
}

/** Members of a list, in its order. */
export function membersOf({ children }: Linked): number[] {
  const numbered = [...children].filter(([name]) => /^\d+$/.test(name));
  return numbered.sort(([a], [b]) => Number(a) - Number(b)).map(([, id]) => id);
}
