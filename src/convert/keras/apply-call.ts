/** A call of a configuration made: a layer applied to symbolic tensors, with the arguments that have names. */
import type { AnyLayer, Symbolic } from '../../nn/layer.ts';
import { Bidirectional } from '../../nn/layers/bidirectional.ts';
import { MultiHeadAttention } from '../../nn/layers/multi-head-attention.ts';
import { Recurrent } from '../../nn/layers/recurrent.ts';
import { type Argument, Reference, referencesIn, type StoredCall } from './read-calls.ts';

/** Arguments that are tensors, in the order in which layers take them after what has no name. */
function tensorNames(layer: AnyLayer): readonly string[] {
  if ((layer as unknown) instanceof MultiHeadAttention) return ['query', 'value', 'key'];
  if ((layer as unknown) instanceof Recurrent || (layer as unknown) instanceof Bidirectional)
    return ['initial_state'];
  return ['inputs', 'x'];
}

/** Arguments that layers know as options of their calls: flags, and tensors. */
const FLAGS: Readonly<Record<string, string>> = { training: 'training', use_causal_mask: 'useCausalMask' };
const TENSORS: Readonly<Record<string, string>> = { attention_mask: 'attentionMask' };

/** Masks of inputs by themselves, in their order: Keras 3's of MultiHeadAttention. */
export const MASKS = ['query_mask', 'value_mask', 'key_mask'];

/** Throws `FormatError` for an argument that would change the result and is not known. */
export function applyCall(
  layer: AnyLayer,
  { place, args, kwargs }: StoredCall,
  resolve: (reference: Reference) => Symbolic,
): Symbolic | readonly Symbolic[] {
  const names = tensorNames(layer);
  const options: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(kwargs)) {
    if (value === null || names.includes(key) || isMask(layer, key)) continue;
    if (Object.hasOwn(FLAGS, key) && typeof value === 'boolean') options[FLAGS[key]!] = value;
    else if (Object.hasOwn(TENSORS, key) && value instanceof Reference)
      options[TENSORS[key]!] = resolve(value);
    else if (value !== false) place.fail(`argument ${key} is not supported here`);
  }
  const literal = args.find((value) => value !== null && referencesIn(value).length === 0);
  if (literal !== undefined) place.fail('it is called on something that is no result of a layer');
  const named = names.flatMap((name) => referencesIn((kwargs[name] ?? null) as Argument));
  const inputs = [...args.flatMap(referencesIn), ...named].map(resolve);
  const masks = masksIn(kwargs);
  if (masks.some((mask, index) => mask !== null && !(mask instanceof Reference && index < inputs.length)))
    place.fail('mask is something else than results of layers, one for each input at most');
  if (masks.some((mask) => mask !== null))
    options.mask = inputs.map((_, index) => {
      const mask = masks[index] as Reference | null | undefined;
      return mask ? resolve(mask) : null;
    });
  const one = inputs.length === 1 && layer.takes !== 'list';
  return layer.apply(one ? inputs[0]! : inputs, options);
}

function isMask(layer: AnyLayer, key: string): boolean {
  return key === 'mask' || ((layer as unknown) instanceof MultiHeadAttention && MASKS.includes(key));
}

/** Of the first inputs, null where one has none. */
function masksIn(kwargs: StoredCall['kwargs']): readonly Argument[] {
  const { mask = null } = kwargs;
  if (mask !== null) return Array.isArray(mask) ? (mask as readonly Argument[]) : [mask];
  return MASKS.some((key) => key in kwargs) ? MASKS.map((key) => kwargs[key] ?? null) : [];
}
