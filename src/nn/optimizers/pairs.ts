/** Gradients paired with variables, as `applyGradients` takes them. */
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

/** Each variable's gradient; pairs without one are passed over. Throws where none is left, or one does not fit. */
export function byVariableOf(where: string, pairs: readonly GradientPair[]): Map<Variable, Tensor> {
  const given = pairs.filter(
    (pair): pair is readonly [Tensor, Variable] => pair[0] !== null && pair[0] !== undefined,
  );
  if (given.length === 0)
    throw new ArgumentError(`${where}: no gradient for any of ${pairs.length} variables`);
  const { engine } = given[0]![1];
  for (const [gradient, variable] of given) checkPair(where, engine, gradient, variable);
  const byVariable = new Map(given.map(([gradient, variable]) => [variable, gradient]));
  if (byVariable.size < given.length)
    throw new ArgumentError(`${where}: a variable is given twice; add its gradients`);
  return byVariable;
}

/** Throws unless the gradient fits its variable and both lie on `engine`. */
function checkPair(name: string, engine: Engine, gradient: Tensor, variable: Variable): void {
  const where = `${name}: gradient of ${variable.name}`;
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
