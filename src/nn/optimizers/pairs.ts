/** Gradients beside the variables that they are for. */
import type { Tensor } from '../../autograd/tensor.ts';
import type { Variable } from '../../autograd/variable.ts';
import type { Engine } from '../../gpu/engine.ts';
import { isFloat } from '../../values/dtype.ts';
import { ArgumentError, DtypeError, ShapeError } from '../../values/errors.ts';
import { sameShape, showShape } from '../../values/shape.ts';

export type GradientPair = readonly [gradient: Tensor | null, variable: Variable];

/** Pairs gradients with variables. Throws `ArgumentError` when there are not as many of both. */
export function zip(gradients: readonly (Tensor | null)[], variables: readonly Variable[]): GradientPair[] {
  if (gradients.length !== variables.length) {
    throw new ArgumentError(`zip: ${gradients.length} gradients for ${variables.length} variables`);
  }
  return gradients.map((gradient, index) => [gradient, variables[index]!] as const);
}

/** Throws unless the gradient fits its variable, and both are on `engine`. */
export function checkPair(name: string, engine: Engine, gradient: Tensor, variable: Variable): void {
  const where = `${name}.applyGradients: gradient of ${variable.name}`;
  if (!sameShape(gradient.shape, variable.shape)) {
    throw new ShapeError(
      `${where} is ${showShape(gradient.shape)}, the variable ${showShape(variable.shape)}`,
    );
  }
  if (!isFloat(gradient.dtype)) throw new DtypeError(`${where} is ${gradient.dtype}; use a float`);
  if (gradient.engine !== variable.engine) throw new ArgumentError(`${where} lies on another engine`);
  if (variable.engine !== engine) throw new ArgumentError(`${where}: the variables lie on two engines`);
  // Reading the storage checks that neither is gone, before the step has begun.
  void [gradient.storage, variable.storage];
}
