/** Functional models from configurations: layers, and their calls in an order in which each finds its inputs. */
import { Functional } from '../../nn/functional.ts';
import type { AnyLayer, Symbolic } from '../../nn/layer.ts';
import { input } from '../../nn/layers/input.ts';
import { Model } from '../../nn/model.ts';
import { Sequential } from '../../nn/sequential.ts';
import { listed } from '../../nn/several.ts';
import type { PolicyLike } from '../../precision/policy.ts';
import { list } from '../../values/dtype.ts';
import type { Place } from '../json.ts';
import { applyCall } from './apply-call.ts';
import type { ReadContext } from './context.ts';
import { operationFrom, operationName } from './operations.ts';
import { callsFrom, type Reference, referencesFrom, referencesIn, type StoredCall } from './read-calls.ts';
import { inputFrom } from './read-input.ts';
import { placed } from './read-layer.ts';

interface Entry {
  readonly name: string;
  readonly place: Place;
  readonly calls: readonly StoredCall[];
  /** Undefined for an input. */
  readonly layer: AnyLayer | undefined;
  /** Results by the number of the call. */
  readonly results: (readonly Symbolic[] | undefined)[];
  /** Number that references have for the first call. */
  first: number;
}

/** Options of a model beside its layers. */
export interface ModelOwn {
  readonly name?: string;
  readonly dtype: PolicyLike;
}

/** `own` gives options of the model from its layers. Throws `FormatError`. */
export function functionalFrom(
  place: Place,
  context: ReadContext,
  own: (layers: readonly AnyLayer[]) => ModelOwn,
): Functional {
  const config = place.at('config');
  const entries = entriesFrom(config.at('layers'), context);
  const inputs = referencesFrom(config.at('input_layers'));
  const outputs = referencesFrom(config.at('output_layers'));
  numberCalls(entries, [...inputs, ...outputs]);
  run(entries, config.at('layers'));
  const layers = [...entries.values()].flatMap(({ layer }) => layer ?? []);
  const found = (references: readonly Reference[]) => {
    const results = references.map((reference) => resultOf(entries, reference));
    return results.length === 1 ? results[0]! : results;
  };
  return placed(
    config,
    () => new Functional({ inputs: found(inputs), outputs: found(outputs), ...own(layers) } as never),
  );
}

function entriesFrom(layers: Place, context: ReadContext): ReadonlyMap<string, Entry> {
  const places = layers.items();
  const names = places.map((place) => {
    const own = place.at('name');
    return own.value === undefined ? place.at('config').at('name').string : own.string;
  });
  const known = new Set(names);
  if (known.size < names.length) {
    const twice = names.findIndex((name, index) => names.indexOf(name) < index);
    places[twice]!.fail(`a second layer called '${names[twice]}'`);
  }
  return new Map(
    places.map((place, index): readonly [string, Entry] => {
      const name = names[index]!;
      if (place.at('class_name').value === 'InputLayer') {
        const symbolic = placed(place, () => input(inputFrom(place, name)));
        return [name, { name, place, calls: [], layer: undefined, results: [[symbolic]], first: 0 }];
      }
      const stored = callsFrom(place.at('inbound_nodes'), (other) => known.has(other));
      const operation = operationName(place);
      const { layer, calls } =
        operation === undefined
          ? { layer: context.layer(place, context), calls: stored }
          : operationFrom(place, operation, stored);
      return [name, { name, place, calls, layer, results: [], first: 0 }];
    }),
  );
}

/**
 * Models that begin with an input count their own making as call 0 where Keras writes them into another model: all but Sequential ones of
 * Keras 3. Where the numbers in use fit only one way of counting, that is it.
 */
function numberCalls(entries: ReadonlyMap<string, Entry>, ends: readonly Reference[]): void {
  const all = [...entries.values()].flatMap(({ calls }) => calls.flatMap(referencesOf));
  const used = new Map<string, { least: number; most: number }>();
  for (const { layer, node } of [...all, ...ends]) {
    const { least, most } = used.get(layer) ?? { least: node, most: node };
    used.set(layer, { least: Math.min(least, node), most: Math.max(most, node) });
  }
  for (const entry of entries.values()) {
    const range = used.get(entry.name);
    if (!(entry.layer instanceof Model) || !range) continue;
    const keras3 = entry.calls.every(({ place }) => !Array.isArray(place.value));
    const usual = entry.layer instanceof Sequential && keras3 ? 0 : 1;
    entry.first = range.least === 0 ? 0 : range.most >= entry.calls.length ? 1 : usual;
  }
}

function referencesOf({ args, kwargs }: StoredCall): readonly Reference[] {
  return [...args, ...Object.values(kwargs)].flatMap(referencesIn);
}

/** Makes all calls; each waits for the results that it takes. */
function run(entries: ReadonlyMap<string, Entry>, layers: Place): void {
  interface Waiting {
    readonly entry: Entry;
    readonly index: number;
    missing: number;
  }
  const waiting = new Map<string, Waiting[]>();
  const ready: Waiting[] = [];
  let left = 0;
  for (const entry of entries.values())
    for (const [index, call] of entry.calls.entries()) {
      const keys = new Set<string>();
      for (const reference of referencesOf(call)) {
        const { source, node } = callOf(entries, reference);
        if (source.layer) keys.add(`${node} ${source.name}`);
      }
      const item = { entry, index, missing: keys.size };
      for (const key of keys) {
        const others = waiting.get(key);
        if (others) others.push(item);
        else waiting.set(key, [item]);
      }
      if (keys.size === 0) ready.push(item);
      left++;
    }
  for (const { entry, index } of ready) {
    const call = entry.calls[index]!;
    const results = placed(call.place, () =>
      applyCall(entry.layer!, call, (reference) => resultOf(entries, reference)),
    );
    entry.results[index] = listed(results);
    left--;
    for (const item of waiting.get(`${index} ${entry.name}`) ?? [])
      if (--item.missing === 0) ready.push(item);
  }
  if (left === 0) return;
  const stuck = [...entries.values()].filter(({ calls, results }) =>
    calls.some((_, index) => !results[index]),
  );
  const names = stuck.slice(0, 10).map(({ name }) => name);
  layers.fail(
    `${stuck.length} layers wait for each other's results in a circle, or for those of one that does: ${list(names)}`,
  );
}

/** The call that a reference means. Throws `FormatError` where there is none. */
function callOf(entries: ReadonlyMap<string, Entry>, reference: Reference): { source: Entry; node: number } {
  const { layer, node, place } = reference;
  const source = entries.get(layer) ?? place.fail(`no layer is called '${layer}'`);
  const own = node - source.first;
  const count = source.layer ? source.calls.length : 1;
  if (own < 0 || own >= count) place.fail(`call ${node} of '${layer}', which has ${count}`);
  return { source, node: own };
}

function resultOf(entries: ReadonlyMap<string, Entry>, reference: Reference): Symbolic {
  const { source, node } = callOf(entries, reference);
  const results = source.results[node] ?? [];
  const { tensor, place } = reference;
  return results[tensor] ?? place.fail(`result ${tensor} of '${source.name}', which gives ${results.length}`);
}
