/** Initial weights, drawn on the host so that a seed gives the same ones on every adapter. */
import { list, show } from '../values/dtype.ts';
import { ArgumentError } from '../values/errors.ts';
import type { RandomStream } from '../values/random.ts';
import { type Shape, sizeOf } from '../values/shape.ts';

/** Values of a weight of this shape in row-major order. */
export type Initialiser = (shape: Shape, random: RandomStream) => Float32Array;

/** Inputs and outputs that one unit of a (..., in, out) weight is connected to; leading axes are a receptive field. */
function fans(shape: Shape): { fanIn: number; fanOut: number } {
  const field = sizeOf(shape.slice(0, -2));
  return { fanIn: (shape.at(-2) ?? shape.at(-1) ?? 1) * field, fanOut: (shape.at(-1) ?? 1) * field };
}

function fill(shape: Shape, next: () => number): Float32Array {
  return Float32Array.from({ length: sizeOf(shape) }, next);
}

// A standard normal cut at two deviations has this deviation; dividing by it gives variance 1 again.
const TRUNCATED_DEVIATION = 0.87962566103423978;

/** Uniform or cut-off normal of variance `scale / fan` (Glorot and Bengio 2010, He et al. 2015, LeCun et al. 1998). */
function variance(scale: number, mode: 'in' | 'average', distribution: 'uniform' | 'normal'): Initialiser {
  return (shape, random) => {
    const { fanIn, fanOut } = fans(shape);
    const value = scale / (mode === 'in' ? fanIn : (fanIn + fanOut) / 2);
    if (distribution === 'uniform') {
      const limit = Math.sqrt(3 * value);
      return fill(shape, () => (2 * random.uniform() - 1) * limit);
    }
    const deviation = Math.sqrt(value) / TRUNCATED_DEVIATION;
    return fill(shape, () => random.truncatedNormal() * deviation);
  };
}

/** Rows, or columns where they are fewer, of length 1 at right angles to each other (Saxe, McClelland and Ganguli 2014). */
function orthogonal(shape: Shape, random: RandomStream): Float32Array {
  const columns = shape.at(-1) ?? 1;
  const rows = sizeOf(shape) / columns;
  const [count, length] = [Math.min(rows, columns), Math.max(rows, columns)];
  const vectors: Float64Array[] = [];
  while (vectors.length < count) {
    const vector = Float64Array.from({ length }, () => random.normal());
    // Twice: what rounding leaves of the first time is gone after the second (modified Gram-Schmidt).
    for (const other of [...vectors, ...vectors]) {
      const along = vector.reduce((sum, value, i) => sum + value * other[i]!, 0);
      for (let i = 0; i < length; i++) vector[i]! -= along * other[i]!;
    }
    const norm = Math.hypot(...vector);
    vectors.push(vector.map((value) => value / norm));
  }
  return Float32Array.from({ length: rows * columns }, (_, place) => {
    const [row, column] = [Math.floor(place / columns), place % columns];
    return rows <= columns ? vectors[row]![column]! : vectors[column]![row]!;
  });
}

export const initialisers = {
  zeros: ((shape) => new Float32Array(sizeOf(shape))) as Initialiser,
  ones: ((shape) => new Float32Array(sizeOf(shape)).fill(1)) as Initialiser,
  /** From -0.05 to 0.05. */
  randomUniform: ((shape, random) => fill(shape, () => 0.1 * random.uniform() - 0.05)) as Initialiser,
  /** Of deviation 0.05. */
  randomNormal: ((shape, random) => fill(shape, () => 0.05 * random.normal())) as Initialiser,
  /** Of deviation 0.05, cut at two deviations. */
  truncatedNormal: ((shape, random) => fill(shape, () => 0.05 * random.truncatedNormal())) as Initialiser,
  orthogonal,
  glorotUniform: variance(1, 'average', 'uniform'),
  glorotNormal: variance(1, 'average', 'normal'),
  heUniform: variance(2, 'in', 'uniform'),
  heNormal: variance(2, 'in', 'normal'),
  lecunUniform: variance(1, 'in', 'uniform'),
  lecunNormal: variance(1, 'in', 'normal'),
} as const satisfies Record<string, Initialiser>;

export type InitialiserLike = keyof typeof initialisers | Initialiser;

/** Throws `ArgumentError` for a name that is none. */
export function toInitialiser(value: InitialiserLike): Initialiser {
  if (typeof value === 'function') return value;
  if (Object.hasOwn(initialisers, value)) return initialisers[value];
  throw new ArgumentError(
    `initialiser: unknown name ${show(value)}; use ${list(Object.keys(initialisers))} or a function`,
  );
}
