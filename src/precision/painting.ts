/**
 * Which ops of a graph run in float16: TensorFlow's painting (`auto_mixed_precision.cc` of its graph optimizer), over ops of four
 * classes. Every op has one colour; casts stand wherever two colours meet.
 */
import type { PrecisionClass } from '../autograd/autocasting.ts';

/** An op of the graph, numbered by its place in the list. */
export interface GraphNode {
  readonly name: string;
  readonly precision: PrecisionClass;
  /** The nodes that make its inputs; inputs from outside of the graph are not among them. */
  readonly inputs: readonly number[];
  /** Whether all that may be cast is float32. */
  readonly float32: boolean;
  /** Its layer stays float32, whatever the op's list is. */
  readonly kept?: boolean;
}

export interface Painted {
  readonly half: boolean;
  readonly why: string;
}

/** A colour and its reason for each node. */
export function paint(nodes: readonly GraphNode[]): readonly Painted[] {
  const before = nodes.map(({ inputs }) => inputs);
  const after: number[][] = nodes.map(() => []);
  for (const [index, { inputs }] of nodes.entries()) for (const input of inputs) after[input]!.push(index);
  const indices = [...nodes.keys()];
  const is = (index: number, ...classes: PrecisionClass[]) => classes.includes(nodes[index]!.precision);
  const can = (index: number) => nodes[index]!.float32;
  const reasons = new Map<number, string>();

  const allow = new Set(indices.filter((index) => is(index, 'allow') && can(index)));
  for (const index of allow) reasons.set(index, 'on the allow list');
  const roots = [...allow];
  // What leads to a denied or inferred op through clear ones alone, that op included.
  const leading = new Set<number>();
  for (const index of indices)
    if (is(index, 'deny', 'infer')) reach([index], [before], (next) => is(next, 'clear'), leading);
  const deny = reach(
    indices.filter((index) => is(index, 'deny')),
    [after],
    (next) => leading.has(next),
  );
  // Between two allowed ops, through clear and inferred ones alone.
  const passes = (next: number) => is(next, 'clear', 'infer') && can(next) && !deny.has(next);
  const below = reach(roots, [after], passes);
  for (const index of reach(roots, [before], (next) => below.has(next))) {
    if (!allow.has(index)) reasons.set(index, `${nodes[index]!.precision}: between ops on the allow list`);
    allow.add(index);
  }
  // Clear ops that hang on what is painted.
  const clear = (next: number) => is(next, 'clear') && can(next) && !deny.has(next) && !allow.has(next);
  for (const index of reach([...allow], [before, after], clear)) {
    if (!allow.has(index)) reasons.set(index, 'clear: beside an op in float16');
    allow.add(index);
  }
  return nodes.map((node, index) => {
    if (allow.has(index)) return { half: true, why: reasons.get(index)! };
    return { half: false, why: reasonAgainst(node, deny.has(index)) };
  });
}

function reasonAgainst({ precision, float32, kept }: GraphNode, denied: boolean): string {
  if (kept) return 'its layer stays in float32';
  if (precision === 'unlisted') return 'on no list: stays as it is';
  if (!float32) return `${precision}: has no float32 input to cast`;
  if (precision === 'deny') return 'on the deny list';
  if (denied) return `${precision}: behind an op on the deny list`;
  return precision === 'infer'
    ? 'infer: not between ops on the allow list'
    : `${precision}: beside no op in float16`;
}

/** Nodes that a walk from `roots` along `edges` comes to, entering those that `enter` lets it, and the roots. */
function reach(
  roots: readonly number[],
  edges: readonly (readonly (readonly number[])[])[],
  enter: (node: number) => boolean,
  seen: Set<number> = new Set(),
): Set<number> {
  const waiting = roots.filter((root) => !seen.has(root));
  for (const root of waiting) seen.add(root);
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    for (const along of edges) {
      for (const next of along[node]!) {
        if (seen.has(next) || !enter(next)) continue;
        seen.add(next);
        waiting.push(next);
      }
    }
  }
  return seen;
}
