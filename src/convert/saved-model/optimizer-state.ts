/** What an optimizer of Keras's left in a checkpoint: its counter, its values for each variable, the state of a dynamic loss scale. */
import type { StoredModel } from '../stored-model.ts';
import type { Bundle } from './bundle.ts';
import { type CheckpointNode, membersOf } from './objects.ts';

/** The slots of an optimizer of Keras 2, in the order in which it makes them. */
const SLOT_ORDER = [
  'momentum',
  'm',
  'v',
  'vhat',
  'accumulator',
  'rms',
  'mg',
  'accum_grad',
  'accum_var',
  'linear',
];

/** `trainable`: nodes of the variables that it trains, in the model's order. */
export function optimizerIn(
  bundle: Bundle,
  nodes: readonly CheckpointNode[],
  trainable: readonly number[],
): Pick<StoredModel, 'optimizerWeights' | 'lossScale'> {
  const child = (node: CheckpointNode | undefined, name: string) => {
    const id = node?.children.get(name);
    return id === undefined ? undefined : nodes[id];
  };
  const outer = child(nodes[0], 'optimizer');
  if (!outer) return {};
  const inner = child(outer, 'base_optimizer') ?? child(outer, 'inner_optimizer') ?? outer;
  const valuesAt = (node: CheckpointNode | undefined) =>
    node?.key !== undefined && bundle.has(node.key) ? [bundle.tensor(node.key)] : [];

  const counter = child(inner, 'iter') ?? child(inner, '_iterations') ?? child(inner, 'iterations');
  // Keras 2.11 and later track all in one list; before, slots stand beside the variables that they are for.
  const list = child(inner, '_variables');
  const listed = list ? membersOf(list).map((id) => nodes[id]!) : [];
  const byName = new Map<string, Map<number, number>>();
  for (const { name, variable, values } of [...inner.slots, ...(inner === outer ? [] : outer.slots)]) {
    const own = byName.get(name) ?? new Map<number, number>();
    byName.set(name, own.set(variable, values));
  }
  const rank = (name: string) => (SLOT_ORDER.includes(name) ? SLOT_ORDER.indexOf(name) : SLOT_ORDER.length);
  const slots = [...byName]
    .sort(([a], [b]) => rank(a) - rank(b))
    .flatMap(([, own]) => trainable.flatMap((id) => own.get(id) ?? []))
    .map((id) => nodes[id]!);
  const optimizerWeights = [counter, ...slots, ...listed.filter((node) => node !== counter)].flatMap(
    valuesAt,
  );

  const state = child(outer, 'loss_scale') ?? outer;
  const [scale] = valuesAt(child(state, 'current_loss_scale') ?? child(state, 'dynamic_scale'));
  const [goodSteps] = valuesAt(child(state, 'good_steps') ?? child(state, 'step_counter'));
  return {
    ...(optimizerWeights.length > 0 && { optimizerWeights }),
    ...(scale && goodSteps && { lossScale: { scale, goodSteps } }),
  };
}
