/** Makes ops that fold some axes of a tensor into one value each, on a case of `reduce.wgsl`. */
import { defineOp, type PrecisionClass } from '../autograd/op.ts';
import type { Tensor } from '../autograd/tensor.ts';
import type { Operand } from '../kernels/operand.ts';
import { type ReduceCase, reduceKernel } from '../kernels/reduce.ts';
import { type DType, isFloat, requireDType } from '../values/dtype.ts';
import { DtypeError } from '../values/errors.ts';
import { normaliseAxes, type Shape, sizeOf } from '../values/shape.ts';
import { type TensorLike, toTensor } from './input.ts';
import { reshape } from './reshape.ts';

export interface ReduceAttributes {
  readonly axes: readonly number[];
  /** Default: that of the input. */
  readonly dtype: DType | undefined;
}

export interface ReduceGradient {
  readonly upstream: Tensor;
  readonly x: Tensor;
  readonly y: Tensor;
  /** Elements that each result was made of. */
  readonly count: number;
}

export type ReduceFunction = (x: TensorLike, axes?: number | readonly number[], keepDims?: boolean) => Tensor;

export interface ReduceOptions {
  readonly mean?: boolean;
  /** Default: numbers. */
  readonly of?: 'bools';
  /** Gets `upstream` and `y` with the folded axes kept as size 1, and gives what broadcasts to the shape of `x`. */
  readonly gradient?: (context: ReduceGradient) => Tensor;
}

export function reduceOp(
  name: string,
  kernel: ReduceCase,
  precision: PrecisionClass,
  options: ReduceOptions,
): { reduce: ReduceFunction; reduceAs: (x: Tensor, axes: readonly number[], dtype?: DType) => Tensor } {
  const op = defineOp<ReduceAttributes>({
    name,
    precision,
    infer: ([x], { axes, dtype }) => {
      if (options.of === 'bools') requireDType(name, 'x', x!.dtype, ['bool']);
      else if (x!.dtype === 'bool' || (options.mean && !isFloat(x!.dtype))) {
        throw new DtypeError(
          `${name}: x is ${x!.dtype}; cast it to ${options.mean ? 'a float' : 'a number'} first`,
        );
      }
      return [{ shape: keptShape(x!.shape, axes), dtype: dtype ?? x!.dtype }];
    },
    forward: ([x], [y], { axes }) =>
      foldAxes(kernel, x!, y!, axes, options.mean ? 1 / countOf(x!.shape, axes) : 1),
    backward: ({ gradients: [upstream], inputs: [x], outputs: [y], attributes: { axes } }) => {
      const count = countOf(x!.shape, axes);
      return [options.gradient?.({ upstream: upstream!, x: x!, y: y!, count })];
    },
  });
  const reduceAs = (x: Tensor, axes: readonly number[], dtype?: DType): Tensor =>
    op([x], { axes, dtype })[0]!;
  const reduce: ReduceFunction = (x, axes, keepDims = false) => {
    const tensor = toTensor(name, x);
    const folded = normaliseAxes(name, axes, tensor.rank);
    const kept = reduceAs(tensor, folded);
    if (keepDims) return kept;
    const result = reshape(
      kept,
      tensor.shape.filter((_, axis) => !folded.includes(axis)),
    );
    kept.dispose();
    return result;
  };
  return { reduce, reduceAs };
}

function keptShape(shape: Shape, axes: readonly number[]): Shape {
  return shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
}

function countOf(shape: Shape, axes: readonly number[]): number {
  return sizeOf(shape.filter((_, axis) => axes.includes(axis)));
}

/** Folds one run of neighbouring axes after the other, from the last; values between the passes stay f32. */
function foldAxes(kernel: ReduceCase, x: Tensor, y: Tensor, axes: readonly number[], scale: number): void {
  const runs: [first: number, end: number][] = [];
  for (const axis of axes) {
    const run = runs.at(-1);
    if (run && run[1] === axis) run[1]++;
    else runs.push([axis, axis + 1]);
  }
  if (runs.length === 0) runs.push([0, 0]);
  let source: Operand = x;
  let shape = [...x.shape];
  for (let index = runs.length - 1; index >= 0; index--) {
    const [first, end] = runs[index]!;
    const parts = { outer: shape.slice(0, first), reduced: shape.slice(first, end), inner: shape.slice(end) };
    const sizes = { outer: sizeOf(parts.outer), reduced: sizeOf(parts.reduced), inner: sizeOf(parts.inner) };
    shape = [...parts.outer, ...parts.inner];
    let target: Operand = y;
    if (index > 0) {
      const dtype = isFloat(x.dtype) ? 'float32' : x.dtype;
      const size = sizes.outer * sizes.inner;
      target = { engine: x.engine, storage: x.engine.allocate(size * 4, 'step', 'reduce'), dtype, size };
    }
    reduceKernel(kernel, source, target, sizes, index === 0 ? scale : 1);
    if (source !== x) x.engine.release(source.storage);
    source = target;
  }
}
