/** `saveWeights` and `loadWeights`: the weights of a layer or a model in a safetensors file; of a model also Keras's own files. */
import { readFile } from 'node:fs/promises';
import { filesInMemory } from '../convert/files.ts';
import { isKeras, loadKerasWeights } from '../convert/load-weights.ts';
import { readSafetensors, type SafeArray, writeSafetensors } from '../convert/safetensors.ts';
import { Model } from '../nn/model.ts';
import type { DType } from '../values/dtype.ts';
import { FormatError } from '../values/errors.ts';
import { fromHalves } from '../values/half.ts';
import { type Shape, sameShape, showShape } from '../values/shape.ts';
import { writeAtomic } from './atomic.ts';

/** A layer or a model. */
export interface HasWeights {
  readonly weights: readonly { readonly name: string; readonly shape: Shape; readonly dtype: DType }[];
  getWeights(): Promise<Float32Array[]>;
  setWeights(values: readonly ArrayLike<number>[]): void;
}

/**
 * Writes all weights as float32, in the order of `weights`, under their names; the file is there as a whole or as it was. What the file
 * system refuses, it throws.
 */
export async function saveWeights(model: HasWeights, path: string): Promise<void> {
  const values = await model.getWeights();
  const arrays = new Map<string, SafeArray>();
  for (const [index, { name, shape }] of model.weights.entries()) {
    // Layers of one name are told apart by their place.
    const key = arrays.has(name) ? `${name}#${index}` : name;
    const { buffer, byteOffset, byteLength } = values[index]!;
    arrays.set(key, { dtype: 'F32', shape, bytes: new Uint8Array(buffer, byteOffset, byteLength) });
  }
  await writeAtomic(path, writeSafetensors({ arrays, metadata: { format: 'halftape' } }));
}

/**
 * Reads weights that `saveWeights` wrote, in their order, which must be the model's; names may differ, since layers are numbered anew in every
 * process. F32 and F16 are read. For a model also Keras's .h5, .weights.h5 and .keras, by the names of layers, else by their order.
 * Throws `FormatError`; then no weight has changed.
 */
export async function loadWeights(model: HasWeights, path: string): Promise<void> {
  const bytes = await readFile(path);
  if (isKeras(bytes)) {
    if (!(model instanceof Model)) throw new FormatError(`${path}: a file of Keras's; give a model`);
    return loadKerasWeights(model as unknown as Model, filesInMemory(new Map([['weights', bytes]]), path));
  }
  const { arrays } = readSafetensors(path, bytes);
  const { weights } = model;
  if (arrays.size !== weights.length)
    throw new FormatError(`${path}: ${arrays.size} arrays; the model has ${weights.length} weights`);
  const values = [...arrays].map(([name, array], index) => {
    const { name: own, shape } = weights[index]!;
    if (!sameShape(array.shape, shape))
      throw new FormatError(
        `${path}: '${name}' is ${showShape(array.shape)}; the model's ${own} is ${showShape(shape)}`,
      );
    return numbersOf(path, name, array);
  });
  model.setWeights(values);
}

function numbersOf(path: string, name: string, { dtype, bytes }: SafeArray): Float32Array {
  // A copy begins where its elements may.
  const { buffer } = new Uint8Array(bytes);
  if (dtype === 'F32') return new Float32Array(buffer);
  if (dtype === 'F16') return fromHalves(new Uint16Array(buffer));
  throw new FormatError(`${path}: '${name}' is ${dtype}; use F32 or F16`);
}
