/** A model's variables with their values, as HDF5 takes them. */
import type { Variable } from '../../autograd/variable.ts';
import type { Model } from '../../nn/model.ts';
import { halvesOf } from '../bytes/halves.ts';
import type { WriteOptions } from '../format.ts';
import type { ArrayToWrite } from '../hdf5/write.ts';
import { type OptimizerVariable, variablesOf } from '../optimizer-variables.ts';
import type { KerasObject } from '../stored-model.ts';
import { trainedVariables } from './trained-variables.ts';

/** Gives the array of each variable. */
export type Arrays = (variable: Variable) => ArrayToWrite;

/** Reads the variables from the GPU. Throws `ArgumentError` where one does not fit halves that are asked for. */
export async function arraysOf(model: Model, { halfWeights = false }: WriteOptions): Promise<Arrays> {
  const arrays = new Map<Variable, ArrayToWrite>();
  for (const variable of model.weights) {
    const { name, shape, dtype } = variable;
    const values = await variable.data();
    const floats = dtype === 'float32' || dtype === 'float16';
    if (dtype === 'float16' || (halfWeights && floats))
      arrays.set(variable, {
        dtype: 'float16',
        shape,
        bytes: bytesOf(halvesOf(name, Float32Array.from(values))),
      });
    else arrays.set(variable, arrayOf(shape, floats ? Float32Array.from(values) : Int32Array.from(values)));
  }
  return (variable) => arrays.get(variable)!;
}

/** The state of the compiled optimizer in Keras's order, by names; undefined where none is asked for. */
export async function optimizerArrays(
  model: Model,
  architecture: KerasObject,
  { includeOptimizer = true }: WriteOptions,
): Promise<readonly (readonly [string, ArrayToWrite])[] | undefined> {
  if (!includeOptimizer || !model.compileOptions) return undefined;
  const variables = await variablesOf(model.optimizer, trainedVariables(model, architecture));
  return variables.map((variable) => [variable.name, optimizerArray(variable)] as const);
}

/** Keras counts in 64 bits. */
function optimizerArray({ name, shape, values }: OptimizerVariable): ArrayToWrite {
  if (!name.endsWith('iteration')) return arrayOf(shape, values);
  return { dtype: 'int64', shape, bytes: bytesOf(BigInt64Array.from(values, BigInt)) };
}

function arrayOf(shape: readonly number[], values: Float32Array | Int32Array): ArrayToWrite {
  return { dtype: values instanceof Float32Array ? 'float32' : 'int32', shape, bytes: bytesOf(values) };
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
