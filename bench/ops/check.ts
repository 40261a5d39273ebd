/** The check that the results of an op must pass before it is timed: blocks of them, spread over all, against f64. */
import { allowance } from '../../test/tolerances.ts';
import { opInputs } from '../peers/inputs.ts';
import type { OpProblem } from '../peers/peer.ts';
import { OP_CASES, type OpCase } from './cases.ts';
import type { Reference } from './references.ts';

/** Multiply-adds spent on one result. */
const BUDGET = 2 ** 28;
/** Steps over all blocks in an order without pattern, as it has no factor in common with any number met. */
const STRIDE = 15_485_863;

/** `blocks` of them computed. */
interface Expected extends Reference {
  readonly blocks: ReadonlyMap<number, Float64Array>;
}

export interface OpCheck {
  /** The largest error met, as a share of what is allowed. */
  readonly error: number;
  /** Why the results are refused; nothing if they are right. */
  readonly wrong?: string;
}

export function caseNamed(name: string): OpCase {
  const found = OP_CASES.find((one) => one.name === name);
  if (!found) throw new Error(`the bench has no op '${name}'`);
  return found;
}

/** `got` are the elements of all results, one after the other. */
export function checkOp(problem: OpProblem, got: Float32Array): OpCheck {
  const results = expectedOf(problem);
  const size = results.reduce((sum, one) => sum + one.size, 0);
  if (got.length !== size) return { error: Number.NaN, wrong: `${got.length} values, expected ${size}` };
  const dtype = problem.storage === 'f32' ? 'float32' : 'float16';
  let [first, error] = [0, 0];
  for (const [index, { size, block, terms, blocks }] of results.entries()) {
    // The first is the op's result, all others are gradients or of the same kind.
    const pass = index === 0 ? 'forward' : 'gradient';
    for (const [number, expected] of blocks) {
      for (const [at, reference] of expected.entries()) {
        const value = got[first + number * block + at]!;
        const allowed = allowance(reference, { op: problem.name, dtype, pass, terms });
        const share = Math.abs(value - reference) / allowed;
        if (!(share <= 1)) {
          const element = `element ${number * block + at} of result ${index}`;
          return {
            error: share,
            wrong: `${element} is ${value}, expected ${reference} within ${allowed.toPrecision(2)}`,
          };
        }
        error = Math.max(error, share);
      }
    }
    first += size;
  }
  return got.every(Number.isFinite) ? { error } : { error, wrong: 'a value is not finite' };
}

let last: { key: string; results: readonly Expected[] } | undefined;

/** Of the last problem they are kept: each storage and peer is asked the same. */
function expectedOf(problem: OpProblem): readonly Expected[] {
  const { name, inputs } = problem;
  const key = JSON.stringify([name, inputs]);
  if (last?.key === key) return last.results;
  const data = opInputs(problem);
  const plain = inputs.map(({ shape }, index) => ({ shape, data: data[index]! }));
  const results = caseNamed(name)
    .references(...plain)
    .map((one): Expected => {
      const all = one.size / one.block;
      const count = Math.min(all, Math.max(1, Math.floor(BUDGET / one.cost)));
      const numbers = Array.from({ length: count }, (_, at) => (at * STRIDE) % all);
      return { ...one, blocks: new Map(numbers.map((number) => [number, one.values(number)])) };
    });
  last = { key, results };
  return results;
}
