/** Products of matrices: squares, the shapes of training in their three layouts, attention's batches, in each storage. */
import { choose } from '../src/kernels/gemm/choice.ts';
import { gemm } from '../src/kernels/gemm/gemm.ts';
import { type Candidate, nameOf } from '../src/kernels/gemm/kernel.ts';
import { candidates as candidatesFor } from '../src/kernels/gemm/prior.ts';
import { type GemmProblem, shapeOf } from '../src/kernels/gemm/problem.ts';
import { bytesOf, type Operand } from '../src/kernels/operand.ts';
import { type Product, ProductReference } from './check.ts';
import { EngineWork } from './measure.ts';
import {
  dtypeOf,
  type Engines,
  engineOf,
  release,
  room,
  type Storage,
  storagesOf,
  stored,
  valuesOf,
} from './operands.ts';
import type { Case } from './rows.ts';
import { checked, messageOf, type Prepared, type Ready, type Refused } from './suite.ts';

/** A product of the family; tests put a wrong one in its place. */
export type Multiply = (problem: GemmProblem, candidate: Candidate) => void;

export interface GemmSuite {
  readonly quick: boolean;
  readonly candidates: boolean;
  readonly multiply?: Multiply;
  /** Whether a name such as `512x512x512 NN f16` is asked for. */
  readonly wanted: (name: string) => boolean;
}

/** m x k x n of forward products in training; their gradients follow from them. */
const TRAINING = [
  [64, 784, 512],
  [256, 512, 512],
  [1024, 256, 1024],
] as const;

/** A batch of 8 with 8 heads of 128 positions and 64 features: scores = Q K', then scores V. */
const ATTENTION: readonly Product[] = [
  { m: 128, k: 64, n: 128, batch: 64, layout: 'NT' },
  { m: 128, k: 128, n: 64, batch: 64, layout: 'NN' },
];

export function gemmProducts(quick: boolean, software: boolean): readonly Product[] {
  const sizes = [128, 256, 512, ...(quick ? [] : [1024, ...(software ? [] : [2048, 4096])])];
  const squares = sizes.map((size): Product => ({ m: size, k: size, n: size, batch: 1, layout: 'NN' }));
  const training = (quick ? TRAINING.slice(0, 1) : TRAINING).flatMap(([m, k, n]): Product[] => [
    { m, k, n, batch: 1, layout: 'NN' },
    // By the input, m x n times n x k, and by the weights, k x m times m x n.
    { m, k: n, n: k, batch: 1, layout: 'NT' },
    { m: k, k: m, n, batch: 1, layout: 'TN' },
  ]);
  return [...squares, ...training, ...(quick ? [] : ATTENTION)];
}

export function productName({ m, k, n, batch, layout }: Product): string {
  return `${batch > 1 ? `${batch} x ` : ''}${m}x${k}x${n} ${layout}`;
}

export async function prepareGemm(
  engines: Engines,
  { quick, candidates, multiply = plainly, wanted }: GemmSuite,
): Promise<Prepared> {
  const cases: (Ready | Refused)[] = [];
  const operands: Operand[] = [];
  for (const product of gemmProducts(quick, engines.main.info.software)) {
    const storages = storagesOf(engines).filter((storage) => wanted(`${productName(product)} ${storage}`));
    if (storages.length === 0) continue;
    const reference = new ProductReference(product);
    for (const storage of storages) {
      try {
        const { own, problem } = operandsOf(engines, product, storage, reference);
        operands.push(...own);
        const chosen = choose(shapeOf(problem), problem.c.engine);
        const all = candidates ? candidatesFor(shapeOf(problem), problem.c.engine.info) : [];
        for (const candidate of [chosen, ...all.filter((one) => nameOf(one) !== nameOf(chosen))]) {
          const of = { ...caseOf(product, storage, candidate), candidate: candidate !== chosen };
          cases.push(await verified(of, problem, candidate, reference, multiply));
        }
      } catch (error) {
        // For example no memory left for a large one.
        cases.push({ ...caseOf(product, storage), failure: messageOf(error) });
      }
    }
  }
  return { cases, release: () => release(...operands) };
}

function plainly(problem: GemmProblem, candidate: Candidate): void {
  gemm(problem, { candidate });
}

function operandsOf(engines: Engines, product: Product, storage: Storage, reference: ProductReference) {
  const { m, n, batch, layout } = product;
  const [engine, dtype] = [engineOf(engines, storage), dtypeOf(storage)];
  const a = stored(engine, reference.a, dtype);
  const b = stored(engine, reference.b, dtype);
  const c = room(engine, batch * m * n, dtype);
  const transposes = { transposeA: layout === 'TN', transposeB: layout === 'NT' };
  const problem: GemmProblem = { ...product, a, b, c, ...transposes };
  return { own: [a, b, c], problem };
}

function caseOf({ m, k, n, batch, layout }: Product, storage: Storage, candidate?: Candidate): Case {
  const kernel = candidate ? nameOf(candidate) : '';
  return {
    suite: 'gemm',
    name: productName({ m, k, n, batch, layout }),
    storage,
    kernel,
    flops: 2 * batch * m * k * n,
    bytes: bytesOf(dtypeOf(storage), batch * (m * k + k * n + m * n)),
    // Sums are held in f32 whatever the storage is.
    limit: kernel.startsWith('gemm_matrix') ? 'matrix' : 'fmaF32',
    shape: { m, k, n, batch, layout },
  };
}

async function verified(
  of: Case,
  problem: GemmProblem,
  candidate: Candidate,
  reference: ProductReference,
  multiply: Multiply,
): Promise<Ready | Refused> {
  const { c } = problem;
  // What an earlier candidate left there must not pass for this one's.
  c.engine.write(c.storage, new Uint8Array(bytesOf(c.dtype, c.size)).fill(0xff));
  const work = new EngineWork(c.engine, () => multiply(problem, candidate));
  return checked(of, work, async () => reference.wrong(await valuesOf(c), c.dtype === 'float16'));
}
