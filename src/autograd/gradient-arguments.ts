/** What `GradientTape.gradient` is given, checked before anything runs. */
import { isFloat, show } from '../values/dtype.ts';
import { ArgumentError, DtypeError, ShapeError } from '../values/errors.ts';
import { sameShape, showShape } from '../values/shape.ts';
import { Tensor } from './tensor.ts';
import { Variable } from './variable.ts';

export type Source = Tensor | Variable;

export function tensorOf(source: Source): Tensor {
  if (source instanceof Variable) return source.values;
  if (source instanceof Tensor) return source;
  throw new ArgumentError(`GradientTape: a source must be a tensor or a variable, got ${show(source)}`);
}

/** The upstream gradients, where they are given. Throws unless the targets are floats, and these have their shapes. */
export function checkTargets(
  targets: readonly Tensor[],
  given: Tensor | readonly Tensor[] | undefined,
): readonly Tensor[] | undefined {
  for (const target of targets) {
    if (!(target instanceof Tensor)) {
      throw new ArgumentError(`GradientTape.gradient: the target must be a tensor, got ${show(target)}`);
    }
    if (!isFloat(target.dtype)) {
      throw new DtypeError(
        `GradientTape.gradient: a target of dtype ${target.dtype} has no gradient; use a float`,
      );
    }
  }
  if (given === undefined) return undefined;
  const seeds = Array.isArray(given) ? (given as readonly Tensor[]) : [given as Tensor];
  for (const [index, target] of targets.entries()) {
    const seed = seeds[index];
    if (!(seed instanceof Tensor) || !sameShape(seed.shape, target.shape)) {
      throw new ShapeError(
        `GradientTape.gradient: outputGradients[${index}] is ${seed instanceof Tensor ? showShape(seed.shape) : seed === undefined ? 'missing' : show(seed)}, the target ${showShape(target.shape)}`,
      );
    }
  }
  return seeds;
}
