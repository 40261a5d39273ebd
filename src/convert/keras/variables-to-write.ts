/** A model's variables with their values, as HDF5 takes them. */
import type { Variable } from '../../autograd/variable.ts';
import { HALF_MAX, toHalves } from '../../values/half.ts';
import type { ArrayToWrite } from '../hdf5/write.ts';
import type { OptimizerVariable } from '../optimizer-variables.ts';

export interface WeightOptions {
  /** Weights in float16, where all of an array fit; Keras widens them. Default false. */
  readonly halfWeights?: boolean;
}

/** Gives the array of each variable. */
export type Arrays = (variable: Variable) => ArrayToWrite;

/** Reads the variables from the GPU. */
export async function arraysOf(
  variables: readonly Variable[],
  { halfWeights = false }: WeightOptions,
): Promise<Arrays> {
  const arrays = new Map<Variable, ArrayToWrite>();
  for (const variable of variables) {
    const { shape, dtype } = variable;
    const values = await variable.data();
    if (dtype === 'float16' || (halfWeights && dtype === 'float32' && fitHalves(values)))
      arrays.set(variable, { dtype: 'float16', shape, bytes: bytesOf(toHalves(values)) });
    else
      arrays.set(
        variable,
        arrayOf(shape, dtype === 'float32' ? Float32Array.from(values) : Int32Array.from(values)),
      );
  }
  return (variable) => arrays.get(variable)!;
}

/** An optimizer's variable; Keras counts in 64 bits. */
export function optimizerArray({ name, shape, values }: OptimizerVariable): ArrayToWrite {
  if (name !== 'iteration' && name !== 'outer/iteration') return arrayOf(shape, values);
  return { dtype: 'int64', shape, bytes: bytesOf(BigInt64Array.from(values, BigInt)) };
}

function arrayOf(shape: readonly number[], values: Float32Array | Int32Array): ArrayToWrite {
  return { dtype: values instanceof Float32Array ? 'float32' : 'int32', shape, bytes: bytesOf(values) };
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function fitHalves(values: ArrayLike<number>): boolean {
  for (let index = 0; index < values.length; index++) {
    const value = values[index]!;
    if (Number.isFinite(value) && Math.abs(value) > HALF_MAX) return false;
  }
  return true;
}
