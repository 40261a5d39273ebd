/** The checks that a result must pass before it is timed, against plain f64 arithmetic. */
import { allowance } from '../../test/tolerances.ts';
import { checkOp } from '../ops/check.ts';
import { gemmInputs } from './inputs.ts';
import { train } from './mlp.ts';
import type { GemmProblem, Problem, StepProblem } from './peer.ts';

export interface Check {
  /** Largest error met: absolute in a product, relative in losses. */
  readonly error: number;
  /** Right only as far as sums kept in f16 can be. */
  readonly coarse?: boolean;
  /** Why the result is refused; nothing if it is right. */
  readonly wrong?: string;
}

/** Multiply-adds spent on one reference product; of larger products, so many elements are checked, spread over all. */
const BUDGET = 2 ** 27;
/** Steps over all elements in an order without pattern, as it has no factor in common with any size met. */
const STRIDE = 15_485_863;
const LOSS_TOLERANCE = 1e-3;

export function check(problem: Problem, got: Float32Array): Check {
  if (problem.suite === 'ops') return checkOp(problem, got);
  return problem.suite === 'gemm' ? checkGemm(problem, got) : checkStep(problem, got);
}

interface Sample {
  readonly indices: Float64Array;
  readonly expected: Float64Array;
}

function checkGemm(problem: GemmProblem, got: Float32Array): Check {
  const { m, k, n, storage } = problem;
  if (got.length !== m * n) return { error: Number.NaN, wrong: `${got.length} values, expected ${m * n}` };
  const { indices, expected } = sample(problem);
  const dtype = storage === 'f16' ? 'float16' : 'float32';
  // What a sum of halves that is itself a half loses goes by its largest partial sum, of about the root of k.
  const partial = storage === 'f16' ? Math.sqrt(k) : 0;
  let error = 0;
  let coarse = false;
  for (const [at, index] of indices.entries()) {
    const [value, reference] = [got[index]!, expected[at]!];
    const difference = Math.abs(value - reference);
    error = Math.max(error, difference);
    if (difference <= allowance(reference, { op: 'gemm', dtype, terms: k })) continue;
    const allowed = allowance(Math.max(Math.abs(reference), partial), { op: 'gemm', dtype, terms: k });
    if (storage === 'f16' && difference <= allowed) {
      coarse = true;
      continue;
    }
    const wrong = `element ${index} is ${value}, expected ${reference} within ${allowed.toPrecision(2)}`;
    return { error, wrong };
  }
  return coarse ? { error, coarse } : { error };
}

let lastSample: { key: string; sample: Sample } | undefined;

/** Elements of the product and their values; the last is kept, as several peers are asked the same. */
function sample(problem: GemmProblem): Sample {
  const { m, k, n, layout } = problem;
  const key = [m, k, n, layout].join();
  if (lastSample?.key === key) return lastSample.sample;
  const { a, b } = gemmInputs(problem);
  const rows = Float64Array.from(layout === 'TN' ? transpose(a, k, m) : a);
  const columns = Float64Array.from(layout === 'NT' ? b : transpose(b, k, n));
  const indices = new Float64Array(Math.min(m * n, Math.ceil(BUDGET / k)));
  const expected = indices.map((_, at) => {
    const index = (at * STRIDE) % (m * n);
    indices[at] = index;
    const [row, column] = [Math.floor(index / n) * k, (index % n) * k];
    let sum = 0;
    for (let i = 0; i < k; i++) sum += rows[row + i]! * columns[column + i]!;
    return sum;
  });
  lastSample = { key, sample: { indices, expected } };
  return lastSample.sample;
}

function transpose(values: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      result[column * rows + row] = values[row * columns + column]!;
    }
  }
  return result;
}

function checkStep(problem: StepProblem, got: Float32Array): Check {
  const expected = referenceLosses(problem);
  if (got.length !== expected.length) {
    return { error: Number.NaN, wrong: `${got.length} losses, expected ${expected.length}` };
  }
  const errors = expected.map((loss, step) => Math.abs(got[step]! - loss) / loss);
  const error = Math.max(...errors);
  const step = errors.findIndex((value) => !(value <= LOSS_TOLERANCE));
  if (step >= 0) return { error, wrong: `loss ${step} is ${got[step]}, expected ${expected[step]}` };
  if (!(got.at(-1)! < got[0]!)) return { error, wrong: `the loss does not fall: ${got.join(', ')}` };
  return { error };
}

const losses = new Map<string, readonly number[]>();

/** Losses of the first steps, each before its update; computed once per problem. */
export function referenceLosses(problem: StepProblem): readonly number[] {
  const key = JSON.stringify(problem);
  let known = losses.get(key);
  if (known === undefined) {
    known = train(problem);
    losses.set(key, known);
  }
  return known;
}
