/**
 * The calculus of convolutions: image, filter and upstream gradient make three products, and each is the gradient of the
 * other two, so that derivatives of every order are these three ops.
 */
import { defineOp, gradientDType, type Op } from '../autograd/op.ts';
import type { Tensor } from '../autograd/tensor.ts';
import type { ConvolutionKernels } from '../kernels/convolution.ts';
import type { Activation } from '../kernels/gemm/problem.ts';
import type { DType, FloatDType } from '../values/dtype.ts';
import type { Shape } from '../values/shape.ts';
import type { Window } from '../values/window.ts';
import { beforeActivation } from './activation-gradients.ts';
import { cast } from './cast.ts';
import { requireOneDType } from './input.ts';
import { sumTo } from './sum.ts';

interface Attributes {
  readonly window: Window;
  readonly activation: Activation;
  /** Default: that of the inputs. */
  readonly dtype: DType | undefined;
}

/** Channels and shapes as a kind of convolution has them in its filters. */
export interface FilterLayout {
  imageChannels(filter: Shape): number;
  resultChannels(filter: Shape): number;
  /** Shape of the filter that stands between images and results. */
  filter(image: Shape, result: Shape, window: Window): Shape;
}

export interface Convolution {
  /** `act(x * filter + bias)`; the inputs are image, filter and, where there is one, bias. */
  forward(inputs: readonly Tensor[], window: Window, activation: Activation, dtype?: FloatDType): Tensor;
  /** Gradient by the image, which is a transposed convolution; `window` slides over the image. */
  byImage(upstream: Tensor, filter: Tensor, window: Window, dtype?: DType): Tensor;
}

/** The three ops of one kind of convolution. */
export function convolutionOps(name: string, kernels: ConvolutionKernels, layout: FilterLayout): Convolution {
  const sized = (like: Shape, sizes: Shape, channels: number) => [...like.slice(0, -3), ...sizes, channels];

  const forward: Op<Attributes> = defineOp({
    name,
    precision: 'allow',
    infer: ([x, filter, bias], { window, dtype = x!.dtype }) => {
      requireOneDType(name, { x, filter, bias });
      return [{ shape: sized(x!.shape, window.positions, layout.resultChannels(filter!.shape)), dtype }];
    },
    forward: ([x, filter, bias], [y], { window, activation }) =>
      kernels.forward(x!, filter!, y!, window, { bias, activation }),
    backward: ({ gradients, inputs: [x, filter, bias], outputs: [y], attributes, needs }) => {
      const { window, activation } = attributes;
      const upstream = beforeActivation(activation, gradients[0]!, y!);
      const products = [
        needs[0] ? product(byImage, upstream, filter!, window, gradientDType(x!)) : null,
        needs[1] ? product(byFilter, x!, upstream, window, gradientDType(filter!)) : null,
      ];
      return bias ? [...products, needs[2] ? sumTo(upstream, bias) : null] : products;
    },
  });

  const byImage: Op<Attributes> = defineOp({
    name: `${name}BackpropInput`,
    precision: 'allow',
    infer: ([upstream, filter], { window, dtype = upstream!.dtype }) => {
      requireOneDType(name, { x: upstream, filter });
      return [{ shape: sized(upstream!.shape, window.image, layout.imageChannels(filter!.shape)), dtype }];
    },
    forward: ([upstream, filter], [dx], { window }) => kernels.byImage(upstream!, filter!, dx!, window),
    backward: ({ gradients: [moved], inputs: [upstream, filter], attributes: { window }, needs }) => [
      needs[0] ? product(forward, moved!, filter!, window, gradientDType(upstream!)) : null,
      needs[1] ? product(byFilter, moved!, upstream!, window, gradientDType(filter!)) : null,
    ],
  });

  const byFilter: Op<Attributes> = defineOp({
    name: `${name}BackpropFilter`,
    precision: 'allow',
    infer: ([x, upstream], { window, dtype = x!.dtype }) => [
      { shape: layout.filter(x!.shape, upstream!.shape, window), dtype },
    ],
    forward: ([x, upstream], [dFilter], { window }) => kernels.byFilter(x!, upstream!, dFilter!, window),
    backward: ({ gradients: [moved], inputs: [x, upstream], attributes: { window }, needs }) => [
      needs[0] ? product(byImage, upstream!, moved!, window, gradientDType(x!)) : null,
      needs[1] ? product(forward, x!, moved!, window, gradientDType(upstream!)) : null,
    ],
  });

  return {
    forward: (inputs, window, activation, dtype) => forward(inputs, { window, activation, dtype })[0]!,
    byImage: (upstream, filter, window, dtype) =>
      byImage([upstream, filter], { window, activation: 'linear', dtype })[0]!,
  };
}

/** Both operands of a product have one dtype; an f32 gradient meets an f16 operand only on a second derivative. */
function product(op: Op<Attributes>, a: Tensor, b: Tensor, window: Window, dtype: DType): Tensor {
  const operands = a.dtype === b.dtype ? [a, b] : [cast(a, 'float32'), cast(b, 'float32')];
  return op(operands, { window, activation: 'linear', dtype })[0]!;
}
