/** Initial weights, drawn on the host so that a seed gives the same ones on every adapter. */
import { checkOptions } from '../values/options.ts';
import type { RandomStream } from '../values/random.ts';
import { type Shape, sizeOf } from '../values/shape.ts';
import { checkNumber, checkOneOf } from './checks.ts';
import { type Description, described, isDescription, named } from './described.ts';

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
function variance(scale: number, mode: Mode, distribution: Distribution): Initialiser {
  return (shape, random) => {
    const { fanIn, fanOut } = fans(shape);
    const value = scale / { fanIn, fanOut, fanAvg: (fanIn + fanOut) / 2 }[mode];
    if (distribution === 'uniform') {
      const limit = Math.sqrt(3 * value);
      return fill(shape, () => (2 * random.uniform() - 1) * limit);
    }
    const deviation = Math.sqrt(value);
    if (distribution === 'untruncatedNormal') return fill(shape, () => random.normal() * deviation);
    const cut = deviation / TRUNCATED_DEVIATION;
    return fill(shape, () => random.truncatedNormal() * cut);
  };
}

/** Rows, or columns where they are fewer, of length 1 at right angles to each other (Saxe, McClelland and Ganguli 2014). */
function orthogonalRows(shape: Shape, random: RandomStream, gain: number): Float32Array {
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
    return gain * (rows <= columns ? vectors[row]![column]! : vectors[column]![row]!);
  });
}

/** Numbers of a config by their names, with their defaults. `seed` is the engine's. Throws `ArgumentError`. */
function numbers<K extends string>(
  where: string,
  config: Config,
  defaults: Readonly<Record<K, number>>,
): Record<K, number> {
  checkOptions(where, config, [...Object.keys(defaults), 'seed', 'dtype']);
  const read = Object.entries<number>(defaults).map(([name, value]) => [
    name,
    checkNumber(where, name, config[name] ?? value),
  ]);
  return Object.fromEntries(read) as Record<K, number>;
}

type Config = Readonly<Record<string, unknown>>;

const scaled = (scale: number, mode: Mode, distribution: Distribution) => (config: Config) => {
  numbers('initialiser', config, {});
  return variance(scale, mode, distribution);
};

const MODES = ['fanIn', 'fanOut', 'fanAvg'] as const;
const DISTRIBUTIONS = ['normal', 'truncatedNormal', 'untruncatedNormal', 'uniform'] as const;
type Mode = (typeof MODES)[number];
type Distribution = (typeof DISTRIBUTIONS)[number];

const camel = (name: unknown) =>
  typeof name === 'string' ? name.replace(/_([a-z])/g, (_, c) => c.toUpperCase()) : name;

/** By the names of Keras's classes. */
const CLASSES: Readonly<Record<string, (config: Config) => Initialiser>> = {
  Zeros: (config) => constant(numbers('zeros', config, {}) && 0),
  Ones: (config) => constant(numbers('ones', config, {}) && 1),
  Constant: (config) => constant(numbers('constant', config, { value: 0 }).value),
  Identity: (config) => {
    const { gain } = numbers('identity', config, { gain: 1 });
    return (shape) => {
      const columns = shape.at(-1) ?? 1;
      return Float32Array.from({ length: sizeOf(shape) }, (_, i) => (i % (columns + 1) === 0 ? gain : 0));
    };
  },
  RandomUniform: (config) => {
    const { minval, maxval } = numbers('randomUniform', config, { minval: -0.05, maxval: 0.05 });
    return (shape, random) => fill(shape, () => (maxval - minval) * random.uniform() + minval);
  },
  RandomNormal: (config) => {
    const { mean, stddev } = numbers('randomNormal', config, { mean: 0, stddev: 0.05 });
    return (shape, random) => fill(shape, () => stddev * random.normal() + mean);
  },
  TruncatedNormal: (config) => {
    const { mean, stddev } = numbers('truncatedNormal', config, { mean: 0, stddev: 0.05 });
    return (shape, random) => fill(shape, () => stddev * random.truncatedNormal() + mean);
  },
  VarianceScaling: ({ scale = 1, mode = 'fanIn', distribution = 'truncatedNormal', ...rest }) => {
    numbers('varianceScaling', rest, {});
    return variance(
      checkNumber('varianceScaling', 'scale', scale),
      checkOneOf('varianceScaling', 'mode', camel(mode), MODES),
      checkOneOf('varianceScaling', 'distribution', camel(distribution), DISTRIBUTIONS),
    );
  },
  Orthogonal: (config) => {
    const { gain } = numbers('orthogonal', config, { gain: 1 });
    return (shape, random) => orthogonalRows(shape, random, gain);
  },
  GlorotUniform: scaled(1, 'fanAvg', 'uniform'),
  GlorotNormal: scaled(1, 'fanAvg', 'truncatedNormal'),
  HeUniform: scaled(2, 'fanIn', 'uniform'),
  HeNormal: scaled(2, 'fanIn', 'truncatedNormal'),
  LecunUniform: scaled(1, 'fanIn', 'uniform'),
  LecunNormal: scaled(1, 'fanIn', 'truncatedNormal'),
};

function constant(value: number): Initialiser {
  return (shape) => new Float32Array(sizeOf(shape)).fill(value);
}

function made(className: string, config: Config = {}): Initialiser {
  return described(named('initialiser', 'name', CLASSES, className)(config), { className, config });
}

export const initialisers = {
  zeros: made('Zeros'),
  ones: made('Ones'),
  /** From -0.05 to 0.05. */
  randomUniform: made('RandomUniform'),
  /** Of deviation 0.05. */
  randomNormal: made('RandomNormal'),
  /** Of deviation 0.05, cut at two deviations. */
  truncatedNormal: made('TruncatedNormal'),
  orthogonal: made('Orthogonal'),
  /** 1 along the diagonal. */
  identity: made('Identity'),
  glorotUniform: made('GlorotUniform'),
  glorotNormal: made('GlorotNormal'),
  heUniform: made('HeUniform'),
  heNormal: made('HeNormal'),
  lecunUniform: made('LecunUniform'),
  lecunNormal: made('LecunNormal'),
} as const satisfies Record<string, Initialiser>;

/** A name, `{ className: 'RandomNormal', config: { stddev: 0.02 } }` with the options of Keras's class, or a function of one's own. */
export type InitialiserLike = keyof typeof initialisers | Description | Initialiser;

/** Throws `ArgumentError` for a name that is none, and for options that are not the class's. */
export function toInitialiser(value: InitialiserLike): Initialiser {
  if (typeof value === 'function') return value;
  if (isDescription(value)) return made(value.className, value.config);
  return named('initialiser', 'name', initialisers, value);
}
