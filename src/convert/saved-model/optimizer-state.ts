/** What an optimizer of Keras's left in a checkpoint: its counter, its values for each variable, the state of a dynamic loss scale. */
import type { StoredTensor } from '../stored-model.ts';
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

/**
 * Scalars first, then slots; each by the name of what it is, as those who restore optimizers know it. `trainable`: nodes of the variables that
 * it trains, in the model's order.
 */
export function optimizerIn(
  bundle: Bundle,
  nodes: readonly CheckpointNode[],
  trainable: readonly number[],
): readonly StoredTensor[] {
  const child = (node: CheckpointNode | undefined, name: string) => {
    const id = node?.children.get(name);
    return id === undefined ? undefined : nodes[id];
  };
  const outer = child(nodes[0], 'optimizer');
  if (!outer) return [];
  const inner = child(outer, 'base_optimizer') ?? child(outer, 'inner_optimizer') ?? outer;
  const valuesAt = (node: CheckpointNode | undefined, name?: string): StoredTensor[] => {
    if (node?.key === undefined || !bundle.has(node.key)) return [];
    return [{ ...bundle.tensor(node.key), name: name ?? (node.name || node.key) }];
  };
  const state = child(outer, 'loss_scale') ?? outer;
  const scalars = [
    ...valuesAt(child(inner, 'iter') ?? child(inner, '_iterations'), 'iteration'),
    ...valuesAt(child(inner, 'learning_rate') ?? child(inner, '_learning_rate'), 'learning_rate'),
    ...valuesAt(child(state, 'good_steps') ?? child(state, 'step_counter'), 'good_steps'),
    ...valuesAt(child(state, 'current_loss_scale') ?? child(state, 'dynamic_scale'), 'current_loss_scale'),
  ];
  // Keras 2.11 and later track all in one list; before, slots stand beside the variables that they are for.
  const list = child(inner, '_variables');
  const listed = (list ? membersOf(list) : [])
    .flatMap((id) => valuesAt(nodes[id]))
    .filter(({ shape }) => shape.length > 0);
  const byName = new Map<string, Map<number, number>>();
  for (const { name, variable, values } of inner === outer ? inner.slots : [...inner.slots, ...outer.slots]) {
    const own = byName.get(name) ?? new Map<number, number>();
    byName.set(name, own.set(variable, values));
  }
  const rank = (name: string) => (SLOT_ORDER.includes(name) ? SLOT_ORDER.indexOf(name) : SLOT_ORDER.length);
  const slots = [...byName]
    .sort(([a], [b]) => rank(a) - rank(b))
    .flatMap(([name, own]) =>
      trainable.flatMap((id) => {
        const values = own.get(id);
        return values === undefined ? [] : valuesAt(nodes[values], `${nodes[id]!.name}/${name}`);
      }),
    );
  return [...scalars, ...listed, ...slots];
}
