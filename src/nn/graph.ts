/** The graph between symbolic tensors: its calls in the order of their running, and its layers in Keras's order. */
import { list } from '../values/dtype.ts';
import { ArgumentError } from '../values/errors.ts';
import type { AnyLayer, Symbolic } from './layer.ts';

type LayerCall = Symbolic['call'];

export interface Graph {
  /** Each after those whose results it takes; those of inputs are left out. */
  readonly calls: readonly LayerCall[];
  /** By their distance from the outputs, as Keras sorts them: weights are in this order. */
  readonly layers: readonly AnyLayer[];
}

/** Everything between inputs and outputs. Throws `ArgumentError` where an output depends on something else. */
export function graphBetween(
  where: string,
  inputs: readonly Symbolic[],
  outputs: readonly Symbolic[],
): Graph {
  const given = new Set(inputs);
  const seen = new Set<LayerCall>();
  const order: LayerCall[] = [];
  const places = new Map<AnyLayer, number>();
  // Depth first, on a stack of its own: models may be deeper than JavaScript's.
  const stack: { readonly call: LayerCall; next: number }[] = [];
  const visit = (tensor: Symbolic): void => {
    const { call } = tensor;
    const isInput = given.has(tensor);
    // What comes before an input that is itself a result is no part of the graph.
    if (seen.has(call) || (isInput && call.inputs.length > 0)) return;
    if (!isInput && call.inputs.length === 0) {
      throw new ArgumentError(
        `${where}: the outputs depend on '${tensor.name}', which is not among the inputs ${list(inputs.map(({ name }) => name))}`,
      );
    }
    if (!places.has(call.layer)) places.set(call.layer, places.size);
    stack.push({ call, next: 0 });
  };
  for (const output of outputs) {
    visit(output);
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const input = top.call.sources[top.next++];
      if (input) visit(input);
      else {
        stack.pop();
        seen.add(top.call);
        order.push(top.call);
      }
    }
  }
  const depths = depthsOf(order);
  for (const { call } of inputs) {
    if (call.inputs.length > 0 || depths.has(call.layer)) continue;
    depths.set(call.layer, 0);
    places.set(call.layer, -1);
  }
  const layers = [...depths.keys()].sort(
    (a, b) => depths.get(b)! - depths.get(a)! || places.get(a)! - places.get(b)!,
  );
  return { calls: order.filter((call) => call.inputs.length > 0), layers };
}

/** How many calls lie between a layer and the outputs, at most. */
function depthsOf(order: readonly LayerCall[]): Map<AnyLayer, number> {
  const calls = new Map<LayerCall, number>();
  const layers = new Map<AnyLayer, number>();
  for (const call of [...order].reverse()) {
    const depth = Math.max(calls.get(call) ?? 0, layers.get(call.layer) ?? 0);
    layers.set(call.layer, depth);
    calls.set(call, depth);
    for (const input of call.sources) calls.set(input.call, Math.max(calls.get(input.call) ?? 0, depth + 1));
  }
  return layers;
}
