/** The suite `ops`: convolutions, attention, normalisation, cross-entropy and embeddings, forward and backward. */
import * as ht from '../../src/node.ts';
import { sizeOf } from '../../src/values/shape.ts';
import { EngineWork } from '../measure.ts';
import { dtypeOf, type Engines, engineOf, type Storage, storagesOf } from '../operands.ts';
import { opInputs } from '../peers/inputs.ts';
import type { OpProblem } from '../peers/peer.ts';
import type { Case } from '../rows.ts';
import { checked, messageOf, type Prepared, type Ready, type Refused } from '../suite.ts';
import { OP_CASES, type OpCase, type Scale } from './cases.ts';
import { checkOp } from './check.ts';

export interface OpSuite {
  readonly quick: boolean;
  readonly wanted: (name: string) => boolean;
}

/** A processor would take seconds for what a GPU does in one launch. */
function scaleOf(quick: boolean, software: boolean): Scale {
  if (!software) return { images: 64, heads: 512, rows: 16_384 };
  return quick ? { images: 1, heads: 8, rows: 512 } : { images: 2, heads: 64, rows: 2048 };
}

/** Floats, and halves where they are quickest. */
function storages(engines: Engines): readonly Storage[] {
  return storagesOf(engines).slice(0, 2);
}

export async function prepareOps(engines: Engines, { quick, wanted }: OpSuite): Promise<Prepared> {
  const scale = scaleOf(quick, engines.main.info.software);
  const cases: (Ready | Refused)[] = [];
  const opened: ht.Tensor[] = [];
  for (const one of OP_CASES) {
    const inputs = one.inputs(scale);
    for (const storage of storages(engines)) {
      const problem: OpProblem = { suite: 'ops', name: one.name, inputs, storage };
      const of = caseOf(one, problem);
      if (!wanted(`${of.name} ${storage}`)) continue;
      try {
        const tensors = tensorsOf(engines, problem);
        opened.push(...tensors);
        cases.push(await prepared(one, of, problem, tensors));
      } catch (error) {
        cases.push({ ...of, failure: messageOf(error) });
      }
    }
  }
  return {
    cases,
    release: () => {
      for (const tensor of opened) tensor.dispose();
    },
  };
}

function caseOf(one: OpCase, problem: OpProblem): Case {
  const { inputs, storage } = problem;
  const empty = inputs.map(({ shape }) => ({ shape, data: new Float32Array(sizeOf(shape)) }));
  const wide = storage === 'f32' ? 4 : 2;
  const read = inputs.reduce(
    (sum, { shape, dtype, classes }) => sum + (dtype || classes ? 4 : wide) * sizeOf(shape),
    0,
  );
  const written = one.references(...empty).reduce((sum, { size }) => sum + wide * size, 0);
  return {
    ...{ suite: 'ops', name: `${one.name} ${inputs[0]!.shape.join('x')}`, storage, kernel: '' },
    ...{ flops: one.flops?.(...inputs) ?? 0, bytes: read + written, limit: 'roofline', problem },
  };
}

function tensorsOf(engines: Engines, problem: OpProblem): ht.Tensor[] {
  const engine = engineOf(engines, problem.storage);
  const data = opInputs(problem);
  return problem.inputs.map(({ shape, dtype, classes }, index) =>
    ht.tensor(data[index]!, {
      ...{ shape, engine },
      dtype: classes ? 'int32' : (dtype ?? dtypeOf(problem.storage)),
    }),
  );
}

async function prepared(
  one: OpCase,
  of: Case,
  problem: OpProblem,
  tensors: readonly ht.Tensor[],
): Promise<Ready | Refused> {
  const run = one.ours(...tensors);
  const work = new EngineWork(tensors[0]!.engine, () => ht.tidy(() => void run()));
  return checked(of, work, async () => {
    const results = run();
    const parts = await Promise.all(results.map((result) => result.data()));
    for (const result of results) result.dispose();
    return checkOp(problem, Float32Array.from(parts.flatMap((part) => [...part]))).wrong;
  });
}
