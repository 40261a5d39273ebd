/** How far sums of products are off, against how many there are, for each way to hold the sum: nothing is timed. */
import * as ht from '../src/node.ts';
import { roundToHalf } from '../src/values/half.ts';
import { RandomStream } from '../src/values/random.ts';

/** Errors of a 16 x K x 16 product, relative to the root mean square of the exact results. */
export interface ErrorRow {
  readonly distribution: string;
  readonly accumulate: string;
  readonly k: number;
  readonly max: number;
  readonly rms: number;
}

/** Of the factors; halves, so that products are exact in f64. */
const DISTRIBUTIONS: Readonly<Record<string, (random: RandomStream) => number>> = {
  'uniform from 0 to 1': (random) => random.uniform(),
  'normal around 0': (random) => random.normal(),
};

const WAYS: Readonly<Record<string, ht.StudyMatMulOptions>> = {
  float32: { accumulate: 'float32' },
  float16: { accumulate: 'float16' },
  'chunks of 16': { accumulate: 'chunked', chunk: 16 },
  'chunks of 256': { accumulate: 'chunked', chunk: 256 },
  'float16, Kahan': { accumulate: 'kahan' },
};

const SIDE = 16;
const LENGTHS = [16, 64, 256, 1024, 4096, 16_384, 65_536];
const FEW = [16, 256, 4096];

export async function measureAccumulation(
  engine: ht.Engine,
  { quick, wanted }: { readonly quick: boolean; wanted(name: string): boolean },
  progress: (done: number, all: number) => void = () => {},
): Promise<ErrorRow[]> {
  const rows: ErrorRow[] = [];
  const cases = Object.keys(DISTRIBUTIONS).flatMap((distribution) => {
    const ways = Object.keys(WAYS).filter((way) => wanted(`${distribution} ${way}`));
    return (quick ? FEW : LENGTHS).map((k) => ({ distribution, k, ways }));
  });
  for (const [index, { distribution, k, ways }] of cases.entries()) {
    if (ways.length > 0) rows.push(...(await errorsOf(engine, distribution, k, ways)));
    progress(index + 1, cases.length);
  }
  return rows;
}

async function errorsOf(
  engine: ht.Engine,
  distribution: string,
  k: number,
  ways: readonly string[],
): Promise<ErrorRow[]> {
  const draw = (stream: number) => {
    const random = new RandomStream(1, stream);
    return Float32Array.from({ length: SIDE * k }, () => roundToHalf(DISTRIBUTIONS[distribution]!(random)));
  };
  const [left, right] = [draw(k), draw(k + 1)];
  const exact = Float64Array.from({ length: SIDE * SIDE }, (_, at) => {
    const [i, j] = [Math.floor(at / SIDE), at % SIDE];
    let sum = 0;
    for (let l = 0; l < k; l++) sum += left[i * k + l]! * right[l * SIDE + j]!;
    return sum;
  });
  const size = rootMeanSquare(exact);
  const a = ht.tensor(left, { shape: [SIDE, k], dtype: 'float16', engine });
  const b = ht.tensor(right, { shape: [k, SIDE], dtype: 'float16', engine });
  const rows: ErrorRow[] = [];
  for (const accumulate of ways) {
    const c = ht.study.matMul(a, b, WAYS[accumulate]!);
    const got = await c.data();
    const errors = exact.map((value, at) => (got[at]! - value) / size);
    const max = errors.reduce((worst, error) => Math.max(worst, Math.abs(error)), 0);
    rows.push({ distribution, accumulate, k, max, rms: rootMeanSquare(errors) });
    c.dispose();
  }
  a.dispose();
  b.dispose();
  return rows;
}

function rootMeanSquare(values: Float64Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
}
