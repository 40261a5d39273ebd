/** `maxPool` and `avgPool`: the largest value and the mean of windows; what their gradients move, the gradients of these move back. */
import { defineOp, type Op } from '../autograd/op.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { tidy } from '../autograd/tidy.ts';
import { pickKernel, poolGradientKernel, poolKernel } from '../kernels/pool.ts';
import { show } from '../values/dtype.ts';
import { ArgumentError } from '../values/errors.ts';
import type { Shape } from '../values/shape.ts';
import { checkPair, type Padding, type Pair, type Window, windowOf } from '../values/window.ts';
import { heightAndWidth, imagesOf } from './convolution-inputs.ts';
import type { TensorLike } from './input.ts';

const sized = ({ shape }: Tensor, [height, width]: Pair): Shape => [shape[0]!, height, width, shape[3]!];

const meanOp: Op<Window> = defineOp({
  name: 'avgPool',
  precision: 'infer',
  infer: ([x], { positions }) => [{ shape: sized(x!, positions), dtype: x!.dtype }],
  forward: ([x], [y], window) => poolKernel('MEAN', x!, y!, window),
  backward: ({ gradients, attributes }) => spreadOp([gradients[0]!], attributes),
});

/** Each value in equal parts over its window. */
const spreadOp: Op<Window> = defineOp({
  name: 'avgPoolGrad',
  precision: 'infer',
  infer: ([upstream], { image }) => [{ shape: sized(upstream!, image), dtype: upstream!.dtype }],
  forward: ([upstream], [dx], window) => poolGradientKernel(undefined, upstream!, dx!, window),
  backward: ({ gradients, attributes }) => meanOp([gradients[0]!], attributes),
});

const maxOp: Op<Window> = defineOp({
  name: 'maxPool',
  precision: 'clear',
  infer: ([x], { positions }) => [{ shape: sized(x!, positions), dtype: x!.dtype }],
  forward: ([x], [y], window) => poolKernel('MAX', x!, y!, window),
  backward: ({ gradients, inputs, attributes }) => {
    const [places] = placesOp([inputs[0]!], attributes);
    return placeOp([places!, gradients[0]!], attributes);
  },
});

/** Where in its window each largest value lies. */
const placesOp: Op<Window> = defineOp({
  name: 'maxPoolPlaces',
  precision: 'clear',
  infer: ([x], { positions }) => [{ shape: sized(x!, positions), dtype: 'uint32' }],
  forward: ([x], [places], window) => poolKernel('PLACES', x!, places!, window),
});

/** Each value at its place. */
const placeOp: Op<Window> = defineOp({
  name: 'maxPoolGrad',
  precision: 'clear',
  infer: ([, upstream], { image }) => [{ shape: sized(upstream!, image), dtype: upstream!.dtype }],
  forward: ([places, upstream], [dx], window) => poolGradientKernel(places!, upstream!, dx!, window),
  backward: ({ gradients, inputs, attributes }) => [null, ...pickOp([inputs[0]!, gradients[0]!], attributes)],
});

/** The values at the places. */
const pickOp: Op<Window> = defineOp({
  name: 'maxPoolPick',
  precision: 'clear',
  infer: ([places, x]) => [{ shape: places!.shape, dtype: x!.dtype }],
  forward: ([places, x], [y], window) => pickKernel(places!, x!, y!, window),
  backward: ({ gradients, inputs, attributes }) => [
    null,
    ...placeOp([inputs[0]!, gradients[0]!], attributes),
  ],
});

/**
 * The largest value of each window of `x` (batch, height, width, channels), or of one image without the batch; padding is never the
 * largest, NaN is. The gradient goes to the first of equals, as in TensorFlow. `strides` are those of `filterSize` by default. Throws
 * `ShapeError`, `DtypeError`, `ArgumentError`.
 */
export function maxPool(
  x: TensorLike,
  filterSize: number | Pair,
  strides: number | Pair = filterSize,
  pad: Padding = 'valid',
): Tensor {
  return pool('maxPool', maxOp, x, filterSize, strides, pad);
}

/**
 * The mean of what each window of `x` (batch, height, width, channels), or of one image without the batch, has of the image: padding
 * does not count. `strides` are those of `filterSize` by default. Throws `ShapeError`, `DtypeError`, `ArgumentError`.
 */
export function avgPool(
  x: TensorLike,
  filterSize: number | Pair,
  strides: number | Pair = filterSize,
  pad: Padding = 'valid',
): Tensor {
  return pool('avgPool', meanOp, x, filterSize, strides, pad);
}

function pool(
  where: string,
  op: Op<Window>,
  x: TensorLike,
  filterSize: number | Pair,
  strides: number | Pair,
  pad: Padding,
): Tensor {
  return tidy(() => {
    const { images, back } = imagesOf(where, x);
    const filter = checkPair(where, 'filterSize', filterSize);
    const window = windowOf(where, heightAndWidth(images, 1), filter, { strides, pad });
    for (const axis of [0, 1] as const) {
      const last = (window.positions[axis] - 1) * window.strides[axis] - window.before[axis];
      if (window.before[axis] >= filter[axis] || last >= window.image[axis]) {
        throw new ArgumentError(
          `${where}: pad ${show(pad)} leaves windows of ${show(filter)} without any of the image; use less than the window`,
        );
      }
    }
    return back(op([images], window)[0]!);
  });
}
