// Reference: functions of one element, and of two with broadcasting as NumPy does it.
import { at, build, type Plain } from './array.ts';

export type Unary = (x: Plain) => Plain;
export type Binary = (a: Plain, b: Plain) => Plain;

export function unary(f: (x: number) => number): Unary {
  return ({ shape, data }) => ({ shape, data: data.map(f) });
}

export function binary(f: (a: number, b: number) => number): Binary {
  return (a, b) => {
    const rank = Math.max(a.shape.length, b.shape.length);
    const shape = Array.from({ length: rank }, (_, axis) =>
      Math.max(sizeAt(a, axis, rank), sizeAt(b, axis, rank)),
    );
    return build(shape, (index) => f(broadcastAt(a, index), broadcastAt(b, index)));
  };
}

export function broadcastTo(x: Plain, shape: readonly number[]): Plain {
  return build(shape, (index) => broadcastAt(x, index));
}

/** The element of `x` that stands at `index` of a result that `x` is broadcast to. */
function broadcastAt(x: Plain, index: readonly number[]): number {
  const own = index.slice(index.length - x.shape.length);
  return at(
    x,
    own.map((position, axis) => (x.shape[axis] === 1 ? 0 : position)),
  );
}

function sizeAt({ shape }: Plain, axis: number, rank: number): number {
  return shape[axis - rank + shape.length] ?? 1;
}

export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

export function relu(x: number): number {
  return x < 0 ? 0 : x;
}
