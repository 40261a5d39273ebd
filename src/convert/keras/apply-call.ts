/** A call of a configuration made: a layer applied to symbolic tensors, with the arguments that have names. */
import type { AnyLayer, Symbolic } from '../../nn/layer.ts';
import { Bidirectional } from '../../nn/layers/bidirectional.ts';
import { MultiHeadAttention } from '../../nn/layers/multi-head-attention.ts';
import { Recurrent } from '../../nn/layers/recurrent.ts';
import { snake } from './names.ts';
import { type Argument, type Reference, referencesIn, type StoredCall } from './read-calls.ts';

/** Arguments that are tensors, in the order in which layers take them after what has no name. */
function tensorNames(layer: AnyLayer): readonly string[] {
  if ((layer as unknown) instanceof MultiHeadAttention) return ['query', 'value', 'key'];
  if ((layer as unknown) instanceof Recurrent || (layer as unknown) instanceof Bidirectional)
    return ['initial_state'];
  return ['inputs', 'x'];
}

/** Arguments that layers know as options of their calls. */
const OPTIONS = ['training', 'useCausalMask'];

/** Throws `FormatError` for an argument that would change the result and is not known. */
export function applyCall(
  layer: AnyLayer,
  { place, args, kwargs }: StoredCall,
  resolve: (reference: Reference) => Symbolic,
): Symbolic | readonly Symbolic[] {
  const names = tensorNames(layer);
  const options: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(kwargs)) {
    if (value === null || names.includes(key)) continue;
    const option = OPTIONS.find((name) => snake(name) === key);
    if (option && typeof value === 'boolean') options[option] = value;
    else if (value !== false) place.fail(`argument ${key} is not supported here`);
  }
  const literal = args.find((value) => value !== null && referencesIn(value).length === 0);
  if (literal !== undefined) place.fail('it is called on something that is no result of a layer');
  const named = names.flatMap((name) => referencesIn((kwargs[name] ?? null) as Argument));
  const inputs = [...args.flatMap(referencesIn), ...named].map(resolve);
  const one = inputs.length === 1 && layer.takes !== 'list';
  return layer.apply(one ? inputs[0]! : inputs, options);
}
