// Tests of what observers are told of ops: every op with float16 results can run again with float32 ones, and moves values or not.
import * as assert from 'uvu/assert';
import { observe, type StoredOp } from '../../src/autograd/observing.ts';
import { emptyTensor } from '../../src/autograd/tensor.ts';
import * as ht from '../../src/node.ts';
import * as ops from '../../src/ops/index.ts';
import { roundToHalf } from '../../src/values/half.ts';
import { suite } from '../harness.ts';
import { sizeOf } from '../reference/array.ts';
import { halfUlp } from '../reference/half.ts';
import { type Draw, randomOf, uniform } from './draws.ts';
import { readAll, useEngines } from './engines.ts';
import { nameOf, type Row } from './row.ts';
import { TABLE } from './table.ts';

const test = suite('observed ops');
/** Those whose rows, with their gradients, run every way of defining an op once. */
const OPS_SEEN = [
  ...['mul', 'gelu', 'sum', 'softmax', 'layerNormalization', 'batchNormalization', 'matMul', 'conv2d'],
  ...[
    'depthwiseConv2d',
    'maxPool',
    'avgPool',
    'resizeNearestNeighbor',
    'transpose',
    'concat',
    'slice',
    'where',
  ],
  ...['gather', 'cumsum', 'broadcastTo', 'scaledDotProductAttention'],
];
const rowOf = (name: string): Row => TABLE.find(({ op, cases }) => op === name && cases.length > 0)!;
/** Enough of them with packed halves, where the float32 results are stored by the same text. */
const PACKED = ['matMul', 'layerNormalization', 'transpose', 'mul'];
const engines = useEngines(test);
const OPS = new Map(Object.entries(ops) as unknown as [string, NonNullable<Row['run']>][]);

interface Seen {
  readonly op: StoredOp;
  readonly halves: readonly ht.Tensor[];
  readonly wide: readonly ht.Tensor[];
  readonly inputs: readonly ht.Tensor[];
}

/** What every op of a row, and of its gradient, stores as halves, and the same in float32. */
function seenIn(row: Row, engine: ht.Engine): Seen[] {
  const seen: Seen[] = [];
  const kept = (tensors: readonly ht.Tensor[]) => tensors.map((tensor) => ht.keep(tensor.alias()));
  const stop = observe({
    engine,
    stored: (op) => {
      const wide = op.outputs.map(({ shape, dtype }) =>
        ht.keep(emptyTensor(engine, shape, dtype === 'float16' && !op.moves ? 'float32' : dtype, 'test')),
      );
      op.again(wide);
      seen.push({ op, wide, halves: kept(op.outputs), inputs: kept(op.inputs) });
    },
    lossScaled: () => {},
    gradientsArrived: () => {},
    stepEnds: () => {},
  });
  try {
    const random = randomOf(nameOf(row));
    const draws: Draw[] = [row.draws ?? uniform(-2, 2)].flat();
    const tensors = row.cases[0]!.map((shape, i) => {
      const draw = draws[i] ?? draws[0]!;
      const values = Float64Array.from(draw.draw(random, shape, i));
      assert.is(values.length, sizeOf(shape));
      return ht.tensor(values, { shape, dtype: draw.dtype ?? 'float16', engine });
    });
    const tape = new ht.GradientTape();
    const floats = tensors.filter(({ dtype }) => dtype === 'float16');
    tape.watch(...floats);
    const y = tape.record(() => ht.tidy(() => (row.run ?? OPS.get(row.op)!)(...tensors)));
    if (!row.constant) tape.gradient(y, floats, { unconnected: 'zero' });
    tape.dispose();
  } finally {
    stop();
  }
  return seen;
}

for (const form of ['float16 native', 'float16 packed'] as const) {
  test(`halves are what the same op's float32 results round to, ${form}`, async () => {
    const { engine } = engines.form(form);
    const found = new Set<string>();
    for (const row of (form === 'float16 native' ? OPS_SEEN : PACKED).map(rowOf)) {
      const seen = ht.tidy(() => seenIn(row, engine)).filter(({ halves }) => halves.some(isHalf));
      const all = seen.flatMap(({ halves, wide, inputs }) => [...halves, ...wide, ...inputs]);
      const values = all.length > 0 ? await readAll(engine, all) : [];
      const read = (tensor: ht.Tensor) => values[all.indexOf(tensor)]!;
      for (const { op, halves, wide, inputs } of seen) {
        found.add(op.name);
        const moved = op.moves && new Set([0, -Infinity, ...inputs.flatMap(read)]);
        for (const [index, half] of halves.entries()) {
          if (!isHalf(half)) continue;
          const [got, again] = [read(half), read(wide[index]!)];
          for (const [i, value] of got.entries()) {
            const what = `${nameOf(row)}: ${op.name} (${op.pass}), element ${i}: ${value}, again ${again[i]}`;
            const rounded = roundToHalf(again[i]!);
            if (moved)
              assert.ok(moved.has(value) || op.name === 'pad', `${what}: it is no value of the inputs`);
            // WGSL lets narrowing take either neighbour, and lets subnormal halves become zero.
            const near =
              Math.abs(value - again[i]!) <= halfUlp(again[i]!) ||
              (value === 0 && Math.abs(again[i]!) < 2 ** -14);
            assert.ok(Object.is(value, rounded) || value === rounded || near, what);
          }
        }
      }
      for (const tensor of all) tensor.dispose();
    }
    for (const name of form === 'float16 native' ? ['conv2d', 'maxPoolGrad', ...PACKED] : PACKED)
      assert.ok(found.has(name), `${name} is seen`);
  });
}

function isHalf({ dtype }: ht.Tensor): boolean {
  return dtype === 'float16';
}
