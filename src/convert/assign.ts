/** The weights of a file put into a model: shapes compared before anything is read, then read and assigned one by one. */
import type { Variable } from '../autograd/variable.ts';
import type { Engine } from '../gpu/engine.ts';
import type { AnyLayer } from '../nn/layer.ts';
import type { Model } from '../nn/model.ts';
import { withoutValues } from '../nn/weights.ts';
import { FormatError, HalftapeError } from '../values/errors.ts';
import { sameShape, showShape, sizeOf } from '../values/shape.ts';
import type { StoredModel, StoredTensor } from './stored-model.ts';

interface Pair {
  readonly variable: Variable;
  readonly tensor: StoredTensor;
}

/** Bytes on their way to the GPU, at most. */
const MOST_IN_FLIGHT = 2 ** 24;

export interface AssignOptions {
  /** Told the share of the weights' bytes that is there, from 0 to 1. */
  readonly onProgress?: ((share: number) => void) | undefined;
}

/** Builds the model and gives it the weights. Throws `FormatError`; then the model is disposed. */
export async function assignStored(
  where: string,
  model: Model,
  stored: StoredModel,
  engine: Engine,
  { onProgress = () => {} }: AssignOptions,
): Promise<void> {
  try {
    buildEmpty(where, model, stored, engine);
    await assign(where, pairsOf(where, model, stored), engine, onProgress);
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/** A configuration can ask for more than any file holds: no more weights are made than there are. */
function buildEmpty(where: string, model: Model, { weights }: StoredModel, engine: Engine): void {
  const stored = [...weights.values()].flat().reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  let made = 0;
  const expect = (name: string, shape: readonly number[]) => {
    made += sizeOf(shape);
    if (made > stored)
      throw new FormatError(
        `${where}: with ${name} ${showShape(shape)} the configuration has more weights than the ${stored} in the file`,
      );
  };
  try {
    withoutValues(expect, () => model.build(undefined, engine));
  } catch (error) {
    if (error instanceof FormatError || !(error instanceof HalftapeError)) throw error;
    throw new FormatError(`${where}: ${error.message}`, { cause: error });
  }
}

/** Each weight of the model and the array for it. Throws `FormatError` where numbers or shapes differ. */
export function pairsOf(
  where: string,
  model: Model,
  { weights, order = 'layers' }: StoredModel,
): readonly Pair[] {
  const pairs = new Map<Variable, Pair>();
  for (const layer of model.layers) {
    const own = layer.weights;
    const stored = weights.get(layer.name) ?? [];
    if (own.length !== stored.length)
      throw new FormatError(
        `${where}: layer '${layer.name}' has ${own.length} weights${listOf(own)}, the file ${stored.length}${listOf(stored)}`,
      );
    for (const pair of matched(where, layer, stored, order)) pairs.set(pair.variable, pair);
  }
  return [...pairs.values()];
}

function listOf(weights: readonly { readonly name: string }[]): string {
  return weights.length === 0
    ? ''
    : ` (${weights
        .map(({ name }) => name)
        .slice(0, 8)
        .join(', ')})`;
}

/** The weights of a layer in the order of the file: the one that the format has, or the other where names say so. */
function matched(
  where: string,
  { weights, name }: AnyLayer,
  stored: readonly StoredTensor[],
  order: NonNullable<StoredModel['order']>,
): readonly Pair[] {
  const byTraining = [...weights.filter((one) => one.trainable), ...weights.filter((one) => !one.trainable)];
  const orders = order === 'layers' ? [weights, byTraining] : [byTraining, weights];
  const pairings = orders.map((own) => own.map((variable, i): Pair => ({ variable, tensor: stored[i]! })));
  const fitting = pairings.filter((pairs) =>
    pairs.every(({ variable, tensor }) => sameShape(variable.shape, tensor.shape)),
  );
  const best = fitting.reduce<readonly Pair[] | undefined>(
    (a, b) => (a && likeness(a) >= likeness(b) ? a : b),
    undefined,
  );
  if (best) return best;
  const { variable, tensor } = pairings[0]!.find(
    (pair) => !sameShape(pair.variable.shape, pair.tensor.shape),
  )!;
  throw new FormatError(
    `${where}: layer '${name}': ${variable.name} is ${showShape(variable.shape)}, the file's '${tensor.name}' ${showShape(tensor.shape)}`,
  );
}

/** How many names end alike: `conv/kernel` and `model/conv/kernel:0` count twice, other kernels once. */
function likeness(pairs: readonly Pair[]): number {
  const parts = (name: string) => name.replace(/:\d+$/, '').split('/').reverse();
  return pairs.reduce((sum, { variable, tensor }) => {
    const [own, other] = [parts(variable.name), parts(tensor.name)];
    if (own[0] !== other[0]) return sum;
    return sum + (own[1] === other[1] ? 2 : 1);
  }, 0);
}

async function assign(
  where: string,
  pairs: readonly Pair[],
  engine: Engine,
  onProgress: (share: number) => void,
): Promise<void> {
  const whole = pairs.reduce((sum, { variable }) => sum + variable.size, 0);
  let [done, waiting] = [0, 0];
  for (const { variable, tensor } of pairs) {
    const values = await tensor.read();
    if (values.length !== variable.size)
      throw new FormatError(
        `${where}: '${tensor.name}': ${values.length} values for ${showShape(tensor.shape)}`,
      );
    variable.assign(values);
    done += variable.size;
    waiting += values.byteLength;
    if (waiting > MOST_IN_FLIGHT) {
      waiting = 0;
      await engine.settle();
    }
    onProgress(done / whole);
  }
}
