// One product through a kernel of the GEMM family, compared with f64 and run twice for equal bits.

import * as assert from 'uvu/assert';
import { emptyTensor } from '../../src/autograd/tensor.ts';
import type { ElementType } from '../../src/gpu/shader.ts';
import { type GemmChoice, gemm } from '../../src/kernels/gemm/gemm.ts';
import { type Candidate, nameOf } from '../../src/kernels/gemm/kernel.ts';
import type { Activation, Layout } from '../../src/kernels/gemm/problem.ts';
import { elementOf } from '../../src/kernels/operand.ts';
import * as ht from '../../src/node.ts';
import type { Plain } from '../reference/array.ts';
import { castValue } from '../reference/cast.ts';
import { matMul } from '../reference/matmul.ts';
import { assertClose } from '../tolerances.ts';
import { randomOf, uniform } from './draws.ts';
import { readAll } from './engines.ts';
import type { Form } from './row.ts';

export interface GemmCase {
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly layout?: Layout;
  readonly batch?: number;
  readonly shared?: 'a' | 'b';
  readonly biased?: boolean;
  readonly residual?: boolean;
  readonly activation?: Activation;
}

/** The form in which kernels read the halves of a form, also where they would rather read words. */
export function inputOf(form: Form): ElementType {
  return elementOf(form);
}

/** Runs one product into each result dtype, twice, by `candidate` or by the family's own choice. */
export async function checkGemm(
  problem: GemmCase,
  form: Form,
  dtypes: readonly ht.FloatDType[],
  candidate?: Candidate,
): Promise<void> {
  const { m, k, n, layout = 'NN', batch, shared, activation = 'linear' } = problem;
  const { engine, dtype } = form;
  const [transposeA, transposeB] = [layout[0] === 'T', layout[1] === 'T'];
  const random = randomOf(`${m} ${k} ${n}`);
  const draw = (...shape: number[]): Plain => ({
    shape,
    data: uniform(-1, 1)
      .draw(random, shape, 0)
      .map((value) => castValue(value, dtype)),
  });
  const batchOf = (name: 'a' | 'b' | 'c') => (batch && shared !== name ? [batch] : []);
  const a = draw(...batchOf('a'), ...(transposeA ? [k, m] : [m, k]));
  const b = draw(...batchOf('b'), ...(transposeB ? [n, k] : [k, n]));
  const bias = problem.biased ? draw(n) : undefined;
  const residual = problem.residual ? draw(...batchOf('c'), m, n) : undefined;
  const tensorOf = ({ shape, data }: Plain) => ht.tensor(Float64Array.from(data), { shape, dtype, engine });
  const operands = {
    ...{ a: tensorOf(a), b: tensorOf(b) },
    ...{ bias: bias && tensorOf(bias), residual: residual && tensorOf(residual) },
  };
  const results = dtypes.map((result) =>
    [0, 1].map(() => emptyTensor(engine, [...batchOf('c'), m, n], result, 'test')),
  );
  const choice: GemmChoice = candidate ? { candidate, input: inputOf(form) } : {};
  const flags = { transposeA, transposeB, sharedA: shared === 'a', sharedB: shared === 'b' };
  for (const c of results.flat())
    gemm({ ...operands, c, m, k, n, ...flags, activation, ...(batch ? { batch } : {}) }, choice);
  const got = await readAll(engine, results.flat());
  const expected = matMul(a, b, { transposeA, transposeB, bias, residual, activation });
  const extras = [batch && `x${batch}`, shared && `shared ${shared}`, bias && 'bias', residual && 'residual'];
  const name = [candidate ? nameOf(candidate) : 'gemm', layout, `${m}x${k}x${n}`, activation, ...extras]
    .filter(Boolean)
    .join(' ');
  for (const [i, result] of dtypes.entries()) {
    assertClose(got[2 * i]!, expected.data, { op: `${name} from ${dtype}`, dtype: result, terms: k });
    assert.equal(got[2 * i + 1], got[2 * i], `${name}: another run gave other bits`);
  }
  for (const tensor of [...Object.values(operands), ...results.flat()]) tensor?.dispose();
}
