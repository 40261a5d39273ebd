/** Suites that move bytes and compute little: cast, copy, reduce. Their ceiling is the copy rate. */
import { castKernel } from '../src/kernels/cast.ts';
import { bytesOf, type Operand } from '../src/kernels/operand.ts';
import { type ReduceShape, reduceKernel } from '../src/kernels/reduce.ts';
import { stridedCopyKernel } from '../src/kernels/strided_copy.ts';
import type { FloatDType } from '../src/values/dtype.ts';
import { halfUlp } from '../test/reference/half.ts';
import { allowance } from '../test/tolerances.ts';
import { copySizes, recordCopy } from './ceilings.ts';
import { wrongValue } from './check.ts';
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
import { values } from './peers/inputs.ts';
import type { Case } from './rows.ts';
import { checked, type Prepared, type Ready, type Refused } from './suite.ts';

export interface MoveSuite {
  readonly quick: boolean;
  readonly wanted: (name: string) => boolean;
}

/** One case, its operands made only when it is wanted. */
interface Move {
  readonly name: string;
  readonly storage: Storage;
  readonly kernel: string;
  readonly input: FloatDType;
  readonly output: FloatDType;
  readonly size: number;
  readonly results: number;
  /** Inputs that no half holds. */
  readonly between?: boolean;
  record(x: Operand, y: Operand): void;
  /** Value of result i, given the inputs. */
  expected(x: Float32Array, index: number): number;
  allowed(reference: number): number;
}

export function sizeName(size: number): string {
  return size % 2 ** 20 === 0 ? `${size / 2 ** 20}M` : String(size);
}

const exactly = () => 0;
const same = (x: Float32Array, index: number) => x[index]!;
/** Makes numbers that halves hold ones that they must round. */
const BETWEEN = 1.0003;

export function prepareCast(engines: Engines, suite: MoveSuite): Promise<Prepared> {
  const moves = copySizes(suite.quick).flatMap((size) =>
    storagesOf(engines)
      .filter((storage) => storage !== 'f32')
      .flatMap((storage): Move[] => {
        const common = { storage, kernel: 'cast', size, results: size, record: castKernel, expected: same };
        return [
          {
            ...common,
            ...{ name: `f32 -> ${storage} ${sizeName(size)}`, input: 'float32', output: 'float16' },
            between: true,
            // WGSL lets a conversion take either neighbour.
            allowed: halfUlp,
          },
          {
            ...common,
            ...{ name: `${storage} -> f32 ${sizeName(size)}`, input: 'float16', output: 'float32' },
            allowed: exactly,
          },
        ];
      }),
  );
  return prepare('cast', engines, moves, suite);
}

/** Side of the matrix that is transposed. */
const SIDE = 1024;

export function prepareCopy(engines: Engines, suite: MoveSuite): Promise<Prepared> {
  const whole = copySizes(suite.quick).flatMap((size): Move[] => {
    const common = { input: 'float32', output: 'float32', storage: 'f32', size, results: size } as const;
    const exact = { expected: same, allowed: exactly };
    return [
      { ...common, ...exact, name: `whole ${sizeName(size)}`, kernel: 'copy_quads', record: recordCopy },
      {
        ...{ ...common, ...exact, name: `through strides ${sizeName(size)}`, kernel: 'strided_copy' },
        record: (x, y) => stridedCopyKernel(x, y, [size], [1]),
      },
    ];
  });
  const turned = storagesOf(engines).map((storage): Move => {
    const dtype = dtypeOf(storage);
    return {
      ...{ name: `transpose ${SIDE}x${SIDE}`, storage, kernel: 'transpose', input: dtype, output: dtype },
      ...{ size: SIDE * SIDE, results: SIDE * SIDE },
      record: (x, y) => stridedCopyKernel(x, y, [SIDE, SIDE], [1, SIDE]),
      expected: (x, index) => x[(index % SIDE) * SIDE + Math.floor(index / SIDE)]!,
      allowed: exactly,
    };
  });
  return prepare('copy', engines, [...whole, ...turned], suite);
}

export function prepareReduce(engines: Engines, suite: MoveSuite): Promise<Prepared> {
  const [rows, columns] = [suite.quick ? 1024 : 4096, 1024];
  const size = rows * columns;
  const shapes: [name: string, kernel: string, shape: ReduceShape][] = [
    ['all', 'reduce_rows', { outer: 1, reduced: size, inner: 1 }],
    ['each row', 'reduce_rows', { outer: rows, reduced: columns, inner: 1 }],
    ['each column', 'reduce', { outer: 1, reduced: rows, inner: columns }],
  ];
  const moves = storagesOf(engines).flatMap((storage) =>
    shapes.map(([name, kernel, shape]): Move => {
      const { outer, reduced, inner } = shape;
      return {
        ...{ name: `sum of ${name} ${rows}x${columns}`, storage, kernel, size },
        ...{ input: dtypeOf(storage), output: 'float32', results: outer * inner },
        record: (x, y) => reduceKernel('SUM', x, y, shape),
        expected: (x, index) => {
          const [row, column] = [Math.floor(index / inner), index % inner];
          let sum = 0;
          for (let r = 0; r < reduced; r++) sum += x[(row * reduced + r) * inner + column]!;
          return sum;
        },
        allowed: (reference) => allowance(reference, { op: 'reduce', dtype: 'float32', terms: reduced }),
      };
    }),
  );
  return prepare('reduce', engines, moves, suite);
}

/** Operands are shared by the cases of one size and storage, of which only one at a time is timed. */
async function prepare(
  suite: 'cast' | 'copy' | 'reduce',
  engines: Engines,
  moves: readonly Move[],
  { wanted }: MoveSuite,
): Promise<Prepared> {
  const cases: (Ready | Refused)[] = [];
  const operands = new Map<string, Operand>();
  const shared = (key: string, make: () => Operand): Operand => {
    const made = operands.get(key) ?? make();
    operands.set(key, made);
    return made;
  };
  for (const move of moves) {
    const { name, storage, kernel, input, output, size, results } = move;
    if (!wanted(`${name} ${storage}`)) continue;
    const engine = engineOf(engines, storage);
    const numbers = move.between ? values(size, size).map((value) => value * BETWEEN) : values(size, size);
    const on = storage === 'packed' ? 'packed' : 'native';
    const x = shared(`x ${on} ${input} ${size} ${move.between}`, () => stored(engine, numbers, input));
    const y = shared(`y ${on} ${output} ${results}`, () => room(engine, results, output));
    engine.write(y.storage, new Uint8Array(bytesOf(output, results)).fill(0xff));
    const bytes = bytesOf(input, size) + bytesOf(output, results);
    const of: Case = { suite, name, storage, kernel, flops: 0, bytes, limit: { copyOf: bytes } };
    const work = new EngineWork(engine, () => move.record(x, y));
    cases.push(
      await checked(of, work, async () =>
        wrongValue(await valuesOf(y), results, (index) => move.expected(numbers, index), move.allowed),
      ),
    );
  }
  return { cases, release: () => release(...operands.values()) };
}
