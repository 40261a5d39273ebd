/** Blocks of an image put into its batch, and back, by two reshapes and a transposition; channels moved last. */
import type { Tensor } from '../../../autograd/tensor.ts';
import { cut } from '../../../ops/cut.ts';
import { type Paddings, pad } from '../../../ops/pad.ts';
import { reshape } from '../../../ops/reshape.ts';
import { transpose } from '../../../ops/transpose.ts';
import { show } from '../../../values/dtype.ts';
import { ShapeError } from '../../../values/errors.ts';
import { showShape } from '../../../values/shape.ts';

/** `fn` on images whose channels are last; where they are first, they are moved there and back. */
export function onLast(x: Tensor, channelsLast: boolean, fn: (images: Tensor) => Tensor): Tensor {
  if (channelsLast || x.rank !== 4) return fn(x);
  return transpose(fn(transpose(x, [0, 2, 3, 1])), [0, 3, 1, 2]);
}

/** The axes behind the first padded, and each step of a block put into the batch: `tf.space_to_batch`. */
export function spaceToBatch(x: Tensor, block: readonly number[], paddings: Paddings): Tensor {
  const inner = checkBlock(x, block, paddings);
  const padded = pad(x, [[0, 0], ...paddings, ...inner.map(() => [0, 0] as const)]);
  const sides = padded.shape.slice(1, 1 + block.length);
  require(sides.every((side, axis) => side % block[axis]! === 0), padded, block, 'sides that blocks fill');
  const apart = [
    x.shape[0]!,
    ...sides.flatMap((side, axis) => [side / block[axis]!, block[axis]!]),
    ...inner,
  ];
  const steps = block.map((_, axis) => 2 + 2 * axis);
  const places = block.map((_, axis) => 1 + 2 * axis);
  const rest = inner.map((_, axis) => 1 + 2 * block.length + axis);
  const moved = transpose(reshape(padded, apart), [...steps, 0, ...places, ...rest]);
  return reshape(moved, [-1, ...sides.map((side, axis) => side / block[axis]!), ...inner]);
}

/** Its inverse, `crops` taken away: `tf.batch_to_space`. */
export function batchToSpace(x: Tensor, block: readonly number[], crops: Paddings): Tensor {
  const inner = checkBlock(x, block, crops);
  const all = block.reduce((product, size) => product * size, 1);
  require(x.shape[0]! % all === 0, x, block, 'a batch that blocks fill');
  const sides = x.shape.slice(1, 1 + block.length);
  const batch = x.shape[0]! / all;
  const first = block.length + 1;
  const order = [
    block.length,
    ...block.flatMap((_, axis) => [first + axis, axis]),
    ...inner.map((_, axis) => first + block.length + axis),
  ];
  const moved = transpose(reshape(x, [...block, batch, ...sides, ...inner]), order);
  const whole = [batch, ...sides.map((side, axis) => side * block[axis]!), ...inner];
  const begin = whole.map((_, axis) => crops[axis - 1]?.[0] ?? 0);
  const size = whole.map((side, axis) => side - begin[axis]! - (crops[axis - 1]?.[1] ?? 0));
  require(size.every((side) => side >= 1), x, crops, 'crops that leave something');
  return cut(reshape(moved, whole), { begin, size });
}

/** Sizes behind the blocked axes. */
function checkBlock(x: Tensor, block: readonly number[], pairs: Paddings): readonly number[] {
  const fits = block.length === pairs.length && x.rank > block.length && x.rank + block.length <= 6;
  require(fits && block.every((size) => size >= 1), x, block, 'a block size and a pair for each axis');
  require(pairs.flat().every((count) => count >= 0), x, pairs, 'counts of 0 or more');
  return x.shape.slice(1 + block.length);
}

function require(holds: boolean, { shape }: Tensor, value: unknown, rule: string): void {
  if (!holds) throw new ShapeError(`${show(value)} on shape ${showShape(shape)}; use ${rule}`);
}
