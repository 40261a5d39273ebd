/** Makes ops of one float input that work element by element, from a function of `shaders/functions`. */
import { defineOp, type Op, type PrecisionClass } from '../autograd/op.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { type FunctionName, unaryKernel } from '../kernels/unary.ts';
import { requireDType, show } from '../values/dtype.ts';
import { ArgumentError } from '../values/errors.ts';
import { type TensorLike, toTensor } from './input.ts';
import { mul } from './mul.ts';

interface Attributes {
  readonly alpha?: number;
}

export interface UnaryOptions {
  /**
   * Default: the function's slope times the upstream gradient, in one kernel, with derivatives up to the second. Given where
   * the result y serves instead of x, or other ops give derivatives of any order. Null: there is none, as for steps.
   */
  readonly gradient?: ((upstream: Tensor, y: Tensor, x: Tensor) => Tensor) | null;
}

export function unaryOp(
  name: string,
  kernel: FunctionName,
  precision: PrecisionClass,
  options: UnaryOptions = {},
): (x: TensorLike) => Tensor {
  const op = defineUnary(name, kernel, precision, options);
  return (x) => op([toTensor(name, x)], {})[0]!;
}

/** Of a function with a parameter. The op throws `ArgumentError` unless that is a finite number. */
export function parametricOp(
  name: string,
  kernel: FunctionName,
  precision: PrecisionClass,
  standard: number,
): (x: TensorLike, alpha?: number) => Tensor {
  const op = defineUnary(name, kernel, precision, {});
  return (x, alpha = standard) => {
    if (!Number.isFinite(alpha)) throw new ArgumentError(`${name}: alpha ${show(alpha)}; use a number`);
    return op([toTensor(name, x)], { alpha })[0]!;
  };
}

function defineUnary(
  name: string,
  kernel: FunctionName,
  precision: PrecisionClass,
  { gradient }: UnaryOptions,
): Op<Attributes> {
  const slope = slopeOp(name, kernel, precision, 1);
  return defineOp<Attributes>({
    name,
    precision,
    infer: ([x]) => {
      requireDType(name, 'x', x!.dtype, ['float32', 'float16']);
      return [{ shape: x!.shape, dtype: x!.dtype }];
    },
    forward: ([x], [y], { alpha }) => unaryKernel(kernel, 0, { x: x!, y: y!, ...(alpha && { alpha }) }),
    backward: ({ gradients: [upstream], inputs: [x], outputs: [y], attributes }) => [
      gradient === undefined ? slope([upstream!, x!], attributes)[0] : gradient?.(upstream!, y!, x!),
    ],
  });
}

/** g times the derivative of this order of the function at x; inputs g and x. */
function slopeOp(
  name: string,
  kernel: FunctionName,
  precision: PrecisionClass,
  order: 1 | 2,
): Op<Attributes> {
  const derivative = `${name}${"'".repeat(order)}`;
  const next = order === 1 ? slopeOp(name, kernel, precision, 2) : undefined;
  const op: Op<Attributes> = defineOp<Attributes>({
    name: derivative,
    precision,
    infer: ([, x]) => [{ shape: x!.shape, dtype: x!.dtype }],
    forward: ([g, x], [y], { alpha }) =>
      unaryKernel(kernel, order, { x: x!, g: g!, y: y!, ...(alpha && { alpha }) }),
    backward: ({ gradients: [upstream], inputs: [g, x], attributes, needs }) => {
      if (needs[1] && !next) throw new ArgumentError(`${derivative}: a third derivative is not there`);
      return [
        needs[0] ? op([upstream!, x!], attributes)[0]! : null,
        needs[1] ? next!([mul(upstream!, g!), x!], attributes)[0]! : null,
      ];
    },
  });
  return op;
}
