/** `CropAndResize`: parts of images, each resized to one size, as TensorFlow's `tf.image.crop_and_resize`. */
import type { Tensor } from '../../../autograd/tensor.ts';
import { add } from '../../../ops/add.ts';
import { cast } from '../../../ops/cast.ts';
import { greaterEqual, lessEqual } from '../../../ops/compare.ts';
import { range } from '../../../ops/creation.ts';
import { floor } from '../../../ops/floor.ts';
import { gather } from '../../../ops/gather.ts';
import { logicalAnd } from '../../../ops/logical.ts';
import { maximum } from '../../../ops/maximum.ts';
import { minimum } from '../../../ops/minimum.ts';
import { mul } from '../../../ops/mul.ts';
import { reshape } from '../../../ops/reshape.ts';
import { slice } from '../../../ops/slice.ts';
import { sub } from '../../../ops/sub.ts';
import { where } from '../../../ops/where.ts';
import { ShapeError } from '../../../values/errors.ts';
import { showShape } from '../../../values/shape.ts';

export interface Crop {
  /** (batch, height, width, channels). */
  readonly images: Tensor;
  /** (n, 4), float32: y, x, y, x from 0 to 1 across an image. */
  readonly boxes: Tensor;
  /** (n), int32: the image of each box. */
  readonly which: Tensor;
  readonly size: readonly [height: number, width: number];
  readonly method: 'bilinear' | 'nearest';
  /** Of places outside of the image. */
  readonly outside: number;
}

/** (n, ...size, channels), float32. Throws `ShapeError`. */
export function cropAndResize({ images, boxes, which, size, method, outside }: Crop): Tensor {
  if (images.rank !== 4 || boxes.rank !== 2 || boxes.shape[1] !== 4 || which.rank !== 1)
    throw new ShapeError(
      `images ${showShape(images.shape)}, boxes ${showShape(boxes.shape)}, images of boxes ${showShape(which.shape)}; use rank 4, (n, 4), (n)`,
    );
  const [batch, height, width, channels] = images.shape as [number, number, number, number];
  const count = boxes.shape[0]!;
  const down = along(boxes, 0, size[0], height);
  const across = along(boxes, 1, size[1], width);
  const rows = reshape(cast(images, 'float32'), [batch * height * width, channels]);
  const first = reshape(mul(which, height), [count, 1, 1]);
  /** Elements at whole places; what lies outside is replaced below. */
  const at = (y: Tensor, x: Tensor): Tensor => {
    const [row, column] = [inside(y, height), inside(x, width)];
    const line = mul(add(first, reshape(row, [count, size[0], 1])), width);
    const flat = add(line, reshape(column, [count, 1, size[1]]));
    return gather(rows, flat);
  };
  const taken = (): Tensor => {
    if (method === 'nearest') return at(floor(add(down, 0.5)), floor(add(across, 0.5)));
    const [top, left] = [floor(down), floor(across)];
    const [bottom, right] = [add(top, 1), add(left, 1)];
    const [v, h] = [
      reshape(sub(down, top), [count, size[0], 1, 1]),
      reshape(sub(across, left), [count, 1, size[1], 1]),
    ];
    const between = (a: Tensor, b: Tensor, share: Tensor) => add(a, mul(sub(b, a), share));
    return between(
      between(at(top, left), at(top, right), h),
      between(at(bottom, left), at(bottom, right), h),
      v,
    );
  };
  const isInside = logicalAnd(
    reshape(lies(down, height), [count, size[0], 1, 1]),
    reshape(lies(across, width), [count, 1, size[1], 1]),
  );
  return where(isInside, taken(), outside);
}

/** Where in an image of `length` the `steps` places between the corners of boxes along an axis are: (n, steps). */
function along(boxes: Tensor, axis: 0 | 1, steps: number, length: number): Tensor {
  const count = boxes.shape[0]!;
  const [begin, end] = [axis, axis + 2].map((column) => slice(boxes, [0, column], [count, 1])) as [
    Tensor,
    Tensor,
  ];
  if (steps === 1) return mul(add(begin, end), 0.5 * (length - 1));
  const step = mul(sub(end, begin), (length - 1) / (steps - 1));
  const places = range(0, steps, 1, 'float32', { engine: boxes.engine });
  return add(mul(begin, length - 1), mul(step, reshape(places, [1, steps])));
}

function lies(places: Tensor, length: number): Tensor {
  return logicalAnd(greaterEqual(places, 0), lessEqual(places, length - 1));
}

function inside(places: Tensor, length: number): Tensor {
  return cast(minimum(maximum(places, 0), length - 1), 'int32');
}
