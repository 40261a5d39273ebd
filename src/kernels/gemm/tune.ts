/** Measures the candidates for a problem on the adapter at hand, each only after its result has matched the plain kernel's. */

import type { Engine } from '../../gpu/engine.ts';
import { OutOfMemoryError } from '../../values/errors.ts';
import { toHalf } from '../../values/half.ts';
import { median } from '../../values/median.ts';
import { binaryKernel } from '../binary.ts';
import { fillKernel } from '../fill.ts';
import { bytesOf, type Operand, quads } from '../operand.ts';
import { reduceKernel } from '../reduce.ts';
import { keepMeasured, refusedOn, takeMet } from './choice.ts';
import { direct } from './direct.ts';
import { gemm } from './gemm.ts';
import { type Candidate, nameOf } from './kernel.ts';
import { prior } from './prior.ts';
import { type GemmShape, sizeOfA } from './problem.ts';

export interface Tuned {
  readonly shape: GemmShape;
  /** The fastest candidate. */
  readonly chosen: string;
  /** What would have been taken unmeasured. */
  readonly prior: string;
  /** Milliseconds of one product by candidate, medians, the fastest first. */
  readonly times: readonly { readonly name: string; readonly milliseconds: number }[];
  /** Candidates whose result was wrong: they are not used again on this adapter. */
  readonly refused: readonly string[];
}

/** No product of the pattern comes near it, and float16 holds it. */
const UNWRITTEN = -60000;
/** Candidates measured for one problem. */
const MOST = 8;
/** Rounds in which candidates take turns, and how long one turn lasts. */
const ROUNDS = 5;
const TURN_MS = 5;
/** A candidate this much slower than the best after a round is out. */
const HOPELESS = 1.5;
/** The prior stays unless something is faster by more than this. */
const MARGIN = 1.03;

/** Measures every problem that the engine has met and nothing is known of, and keeps the fastest kernels. */
export async function tuneMet(
  engine: Engine,
  onProblem: (done: number, of: number) => void = () => {},
): Promise<Tuned[]> {
  const shapes = takeMet(engine);
  const found: Tuned[] = [];
  for (const [index, shape] of shapes.entries()) {
    onProblem(index, shapes.length);
    try {
      found.push(await tune(engine, shape));
    } catch (error) {
      // The operands do not fit beside what the program holds: the prior serves.
      if (!(error instanceof OutOfMemoryError)) throw error;
    }
  }
  onProblem(shapes.length, shapes.length);
  if (found.length > 0) await keepMeasured(engine, found);
  return found;
}

export async function tune(
  engine: Engine,
  shape: GemmShape,
  among = prior(shape, engine.info),
): Promise<Tuned> {
  const { m, k, n, batch, layout, input, output, patches } = inWholeQuads(shape);
  const made: Operand[] = [];
  const operand = (dtype: GemmShape['input'], size: number, filled: boolean): Operand => {
    const storage = filled
      ? engine.store(pattern(dtype, size, made.length), 'kept', 'tune')
      : engine.allocate(bytesOf(dtype, quads(size) * 4), 'kept', 'tune');
    const own: Operand = { engine, storage, dtype, size };
    made.push(own);
    return own;
  };
  try {
    const a = operand(input, batch * sizeOfA({ m, k, patches }), true);
    const b = operand(input, batch * k * n, true);
    const [expected, got, difference] = [0, 1, 2].map(() => operand(output, batch * m * n, false)) as [
      Operand,
      Operand,
      Operand,
    ];
    const extreme = operand('float32', 1, false);
    const transposed = { transposeA: layout[0] === 'T', transposeB: layout[1] === 'T' };
    const into = (c: Operand, candidate: Candidate) =>
      gemm({ a, b, c, m, k, n, batch, patches, ...transposed }, { candidate });
    into(expected, { kernel: direct, tile: direct.tiles(shape, engine.info)[0]!, splits: 1 });
    const matches = async (candidate: Candidate): Promise<boolean> => {
      // What a candidate leaves out must not be what the one before it wrote.
      fillKernel(got, UNWRITTEN);
      into(got, candidate);
      return (await farthest(expected, got, difference, extreme)) <= allowed(shape);
    };
    return await race(engine, shape, among, matches, (candidate) => into(got, candidate));
  } finally {
    for (const { storage } of made) engine.release(storage);
  }
}

/** Rows padded to whole quads, as kernels get them: what a candidate leaves out must not hide in a padded copy. */
function inWholeQuads(shape: GemmShape): GemmShape {
  const { m, k, n, layout, patches } = shape;
  const padded = (size: number) => quads(size) * 4;
  if (patches) return { ...shape, n: padded(n) };
  return {
    ...shape,
    m: layout[0] === 'T' ? padded(m) : m,
    k: layout === 'TN' ? k : padded(k),
    n: padded(n),
  };
}

async function race(
  engine: Engine,
  shape: GemmShape,
  among: readonly Candidate[],
  matches: (candidate: Candidate) => Promise<boolean>,
  run: (candidate: Candidate) => void,
): Promise<Tuned> {
  const refused: string[] = [];
  let runners: { candidate: Candidate; turns: number; times: number[] }[] = [];
  for (const candidate of among.filter((one) => !refusedOn(engine).has(nameOf(one))).slice(0, MOST)) {
    if (!(await matches(candidate))) {
      refused.push(nameOf(candidate));
      continue;
    }
    const once = await engine.time(() => run(candidate));
    runners.push({ candidate, turns: Math.max(1, Math.min(1000, Math.ceil(TURN_MS / once))), times: [] });
  }
  const measured = [...runners];
  for (let round = 0; round < ROUNDS; round++) {
    for (const { candidate, turns, times } of runners) {
      const all = await engine.time(() => {
        for (let turn = 0; turn < turns; turn++) run(candidate);
      });
      times.push(all / turns);
    }
    const best = Math.min(...runners.map(({ times }) => median(times)));
    runners = runners.filter(({ times }) => median(times) <= HOPELESS * best);
  }
  const times = measured
    .map(({ candidate, times }) => ({ name: nameOf(candidate), milliseconds: median(times) }))
    .sort((p, q) => p.milliseconds - q.milliseconds);
  const first = nameOf(among[0]!);
  const best = times[0];
  const unmeasured = times.find(({ name }) => name === first);
  const stays = best && unmeasured && unmeasured.milliseconds <= MARGIN * best.milliseconds;
  return { shape, chosen: stays || !best ? first : best.name, prior: first, times, refused };
}

/** The largest |expected - got|; NaN where a result is NaN or infinite. */
async function farthest(
  expected: Operand,
  got: Operand,
  difference: Operand,
  extreme: Operand,
): Promise<number> {
  const { engine, size } = expected;
  const shaped = (operand: Operand) => ({ ...operand, shape: [size] });
  binaryKernel('SUB', shaped(expected), shaped(got), shaped(difference));
  let worst = 0;
  for (const op of ['MAX', 'MIN'] as const) {
    reduceKernel(op, difference, extreme, { outer: 1, reduced: size, inner: 1 });
    const [bytes] = await engine.read([{ storage: extreme.storage, bytes: 4 }]);
    // Comparing with NaN must not lose it.
    worst = Math.max(worst, Math.abs(new Float32Array(bytes!)[0]!));
  }
  return worst;
}

/** Elements are at most 1, so a sum of k products is about as large as the root of k. */
function allowed({ k, output }: GemmShape): number {
  const root = Math.sqrt(k);
  return output === 'float16' ? 2 ** -9 * (1 + root) : 2 ** -20 * (1 + root) * root;
}

/** Multiples of 1/64 in [-1, 1], which halves hold exactly, in an order without a pattern. */
function pattern(dtype: GemmShape['input'], size: number, seed: number): Float32Array | Uint16Array {
  const steps = Array.from({ length: 129 }, (_, i) => (i - 64) / 64);
  const table = dtype === 'float16' ? Uint16Array.from(steps, toHalf) : Float32Array.from(steps);
  const padded = quads(size) * 4;
  const values = dtype === 'float16' ? new Uint16Array(padded) : new Float32Array(padded);
  let state = 0x9e3779b9 + seed;
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    values[i] = table[(state >>> 16) % 129]!;
  }
  return values;
}
