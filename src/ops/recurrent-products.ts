/** Products of one state after another with one kernel, of which the gradient by the kernel is a single product over all of them. */
import { defineOp, gradientDType } from '../autograd/op.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { gemm } from '../kernels/gemm/gemm.ts';
import type { Activation } from '../kernels/gemm/problem.ts';
import type { FloatDType } from '../values/dtype.ts';
import { beforeActivation } from './activation-gradients.ts';
import { concatAlong } from './concat.ts';
import { requireOneDType } from './input.ts';
import { matMul } from './mat-mul.ts';
import { sumTo } from './sum.ts';

/** A state, and the gradient by its product. */
interface Factor {
  readonly h: Tensor;
  readonly upstream: Tensor;
}

interface Attributes {
  readonly activation: Activation;
  readonly biased: boolean;
  /** Whether the gradients of all other products are there when that of this one is taken. */
  readonly first: boolean;
  /** What the backward pass has met so far, shared by the products of one kernel. */
  readonly met: Factor[];
}

const op = defineOp<Attributes>({
  name: 'recurrentProduct',
  precision: 'allow',
  infer: ([h, kernel]) => {
    requireOneDType('recurrentProduct', { h, kernel });
    return [{ shape: [h!.shape[0]!, kernel!.shape[1]!], dtype: h!.dtype }];
  },
  forward: ([h, kernel, ...rest], [y], { activation, biased }) => {
    const [bias, residual] = biased ? rest : [undefined, rest[0]];
    const [m, k] = h!.shape as [number, number];
    gemm({ a: h!, b: kernel!, c: y!, bias, residual, activation, m, k, n: kernel!.shape[1]! });
  },
  backward: ({ gradients, inputs: [h, kernel, ...rest], outputs: [y], attributes, needs }) => {
    const { activation, biased, first, met } = attributes;
    const upstream = beforeActivation(activation, gradients[0]!, y!);
    met.push({ h: h!, upstream });
    const all = first ? met.splice(0).filter((factor) => !factor.upstream.disposed) : [];
    const side = (of: (factor: Factor) => Tensor) => concatAlong(all.map(of), 0);
    const upstreams = first && (needs[1] || (biased && needs[2])) ? side((factor) => factor.upstream) : null;
    const dtype = gradientDType(kernel!) as FloatDType;
    return [
      needs[0] ? matMul(upstream, kernel!, false, true) : null,
      upstreams && needs[1]
        ? matMul(
            side((factor) => factor.h),
            upstreams,
            true,
            false,
            { dtype },
          )
        : null,
      ...rest.map((extra, i) => (biased && i === 0 ? upstreams && sumTo(upstreams, extra) : upstream)),
    ];
  },
});

export interface RecurrentProductOptions {
  /** Of the product's shape, added before the activation. */
  readonly residual?: Tensor;
  readonly activation?: Activation;
}

/**
 * A function that gives `act(h kernel + bias + residual)` for one state `h` (rows, units) after another, each of which depends on the
 * product before it. The gradient by `kernel` and by `bias` comes with that of the first product, which is taken last. Shapes and
 * dtypes are those of `matMul`, unchecked.
 */
export function recurrentProducts(
  kernel: Tensor,
  bias?: Tensor,
): (h: Tensor, options?: RecurrentProductOptions) => Tensor {
  const met: Factor[] = [];
  let first = true;
  return (h, { residual, activation = 'linear' } = {}) => {
    const inputs = [h, kernel, ...(bias ? [bias] : []), ...(residual ? [residual] : [])];
    const attributes = { activation, biased: bias !== undefined, first, met };
    first = false;
    return op(inputs, attributes)[0]!;
  };
}
