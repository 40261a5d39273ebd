/** The rate of the adapter's matrix units, for each kind of product that they sum in f32. */
import type { EngineInfo } from '../src/gpu/adapter.ts';
import type { Engine } from '../src/gpu/engine.ts';
import { wrongValue } from './check.ts';
import { matrix_rate } from './generated/shaders.ts';
import { EngineWork } from './measure.ts';
import { type Operand, room, stored, valuesOf } from './operands.ts';
import { values } from './peers/inputs.ts';

/** Fragments of a subgroup, left by right, with an accumulator for each pair: Apple's units want many, an A100 few. */
const FRAGMENTS = [
  [2, 2],
  [4, 2],
  [4, 4],
] as const;
/** Subgroups of a workgroup. */
const SUBGROUPS = 4;

export interface MatrixWork {
  readonly label: string;
  readonly flops: number;
  readonly work: EngineWork;
  readonly operands: readonly Operand[];
}

/** None where the adapter has no matrix units, or subgroups whose size nobody can tell. Throws on a wrong result. */
export async function matrixWork(engine: Engine): Promise<MatrixWork[]> {
  const threads = subgroupThreads(engine.info);
  if (!threads) return [];
  const made: MatrixWork[] = [];
  for (const config of engine.info.matrix) {
    if (config.output !== 'f32') continue;
    for (const fragments of FRAGMENTS) made.push(await prepare(engine, config, fragments, threads));
  }
  return made;
}

/** Invocations of a subgroup, and whether the shader must ask for them. */
function subgroupThreads({
  subgroupSize,
  features,
}: EngineInfo): { size: number; asked: boolean } | undefined {
  if (!subgroupSize) return undefined;
  const [min, max] = subgroupSize;
  if (min === max) return { size: max, asked: false };
  // 32 is the width of the matrix units on every GPU that lists them.
  return features.includes('subgroup-size-control') && min <= 32 && max >= 32
    ? { size: 32, asked: true }
    : undefined;
}

async function prepare(
  engine: Engine,
  { m, n, k, input }: EngineInfo['matrix'][number],
  [LEFTS, RIGHTS]: readonly [number, number],
  { size, asked }: { size: number; asked: boolean },
): Promise<MatrixWork> {
  const { software } = engine.info;
  const groups = software ? 8 : 1024;
  const rounds = software ? 32 : 1024;
  const dtype = input === 'f32' ? 'float32' : 'float16';
  const count = LEFTS * RIGHTS;
  const [left, right] = [values(1, LEFTS * m * k), values(2, RIGHTS * k * n)];
  const twice = (once: Float32Array) => Float32Array.from([...once, ...once]);
  const [a, b] = [stored(engine, twice(left), dtype), stored(engine, twice(right), dtype)];
  const sums = room(engine, groups * SUBGROUPS * count * m * n, 'float32');
  const record = () =>
    engine.run(matrix_rate, {
      types: { In: input },
      constants: {
        ...{ FM: m, FN: n, FK: k, LEFTS, RIGHTS, RELOAD: Number(software) },
        ...{ THREADS: SUBGROUPS * size, SUBGROUP: asked ? size : 0 },
      },
      bindings: { a: a.storage, b: b.storage, sums: sums.storage },
      params: { rounds },
      workgroups: [groups, 1, 1],
    });
  record();
  const product = Float64Array.from({ length: count * m * n }, (_, index) => {
    const pair = Math.floor(index / (m * n));
    const row = Math.floor(pair / RIGHTS) * m + (Math.floor(index / n) % m);
    const from = (pair % RIGHTS) * k * n + (index % n);
    let sum = 0;
    for (let l = 0; l < k; l++) sum += left[row * k + l]! * right[from + l * n]!;
    return sum;
  });
  const wrong = wrongValue(
    await valuesOf(sums),
    sums.size,
    (index) => rounds * product[index % product.length]!,
    (expected) => 1e-3 * (1 + Math.abs(expected)),
  );
  const label = `${m}x${n}x${k} ${input}, ${LEFTS}x${RIGHTS} accumulators`;
  if (wrong) throw new Error(`matrix units, ${label}: ${wrong}`);
  return {
    label,
    flops: 2 * m * n * k * count * rounds * SUBGROUPS * groups,
    work: new EngineWork(engine, record),
    operands: [a, b, sums],
  };
}
