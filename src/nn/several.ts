/** One tensor or a list of them: what layers and models take and give. */
import type { Tensor } from '../autograd/tensor.ts';
import type { Shape } from '../values/shape.ts';

export type Tensors = Tensor | readonly Tensor[];

/** A `T` for each tensor of `X`: one, or a list. */
export type Like<X extends Tensors, T> = X extends Tensor ? T : readonly T[];

/** Which positions (n, steps) of a tensor count, a bool tensor; null for all. */
export type Mask = Tensor | null;

/** A tensor, a list, or a tensor where there is one and a list where there are several. */
export type Takes = 'one' | 'list' | 'either';

/** `values` as `X` has them: the only one by itself, or the list. */
export function like<X extends Tensors, T>(listed: boolean, values: readonly T[]): Like<X, T> {
  return (listed ? values : values[0]) as Like<X, T>;
}

export function listed<T>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? value : [value as T];
}

export function isShapeList(shape: unknown): shape is readonly Shape[] {
  return Array.isArray(shape) && Array.isArray(shape[0]);
}

export function shapesIn(shape: unknown): readonly Shape[] {
  return isShapeList(shape) ? shape : [shape as Shape];
}
