/** Weights of layers: drawn by the engine's seed in the order of their making, read and replaced together. */
import { Variable, type VariableOptions } from '../autograd/variable.ts';
import type { Engine } from '../gpu/engine.ts';
import type { DType } from '../values/dtype.ts';
import { ShapeError } from '../values/errors.ts';
import { RandomStream } from '../values/random.ts';
import { checkShape, isKnown, type Shape, showShape, sizeOf } from '../values/shape.ts';
import { type InitialiserLike, toInitialiser } from './initialisers.ts';

const streams = new WeakMap<Engine, { next: number }>();

/** A number for each weight of an engine, in the order of making: its random stream. */
function nextStream(engine: Engine): number {
  const count = streams.get(engine) ?? { next: 1 };
  streams.set(engine, count);
  return count.next++;
}

/** Told of each weight that is made without values. */
type Expected = (name: string, shape: Shape) => void;
let expected: Expected | undefined;

/**
 * Runs `build`; the weights that it makes have no values: whoever calls gives each its own before anything reads it. `expect`, told of each
 * before there is memory for it, may throw.
 */
export function withoutValues<T>(expect: Expected, build: () => T): T {
  const before = expected;
  expected = expect;
  try {
    return build();
  } finally {
    expected = before;
  }
}

/** Throws `ShapeError` where sizes are not known, or the initialiser gives too many values or too few. */
export function makeWeight(
  engine: Engine,
  shape: Shape,
  initialiser: InitialiserLike,
  { name, dtype, ...options }: VariableOptions & { name: string; dtype: DType },
): Variable {
  if (isKnown(shape)) checkShape(name, shape);
  else
    throw new ShapeError(
      `${name}: its shape ${showShape(shape)} follows from sizes that are not known; give them in the input's shape`,
    );
  if (expected) {
    expected(name, shape);
    return new Variable(engine, undefined, shape, dtype, { name, ...options });
  }
  const random = new RandomStream(engine.seed, nextStream(engine));
  const values = toInitialiser(initialiser)(shape, random);
  if (values.length !== sizeOf(shape)) {
    throw new ShapeError(
      `${name}: its initialiser gave ${values.length} values for shape ${showShape(shape)} of ${sizeOf(shape)} elements`,
    );
  }
  return new Variable(engine, values, shape, dtype, { name, ...options });
}

export async function readWeights(weights: readonly Variable[]): Promise<Float32Array[]> {
  return Promise.all(weights.map(async (weight) => Float32Array.from(await weight.data())));
}

/** Throws `ShapeError` when one array does not fit; then no weight has changed. */
export function assignWeights(weights: readonly Variable[], values: readonly ArrayLike<number>[]): void {
  if (values.length !== weights.length)
    throw new ShapeError(`setWeights: ${values.length} arrays for ${weights.length} weights`);
  for (const [index, { name, size }] of weights.entries()) {
    if (values[index]!.length !== size) {
      throw new ShapeError(`setWeights: ${values[index]!.length} values for ${name} of ${size}`);
    }
  }
  for (const [index, weight] of weights.entries()) weight.assign(values[index]!);
}
