// Attention in one kernel equals the composition of ops: masks of all forms, rows that see nothing, several tiles, memory.
import * as assert from 'uvu/assert';
import * as ht from '../../src/node.ts';
import { suite } from '../harness.ts';
import { numbers } from '../step.ts';
import { assertClose } from '../tolerances.ts';

const test = suite('attention in one kernel');
const engines = new Map<string, ht.Engine>();
test.before(async () => {
  engines.set('native', await ht.open({ seed: 7 }));
  engines.set('packed', await ht.open({ seed: 7, f16: 'packed' }));
});
test.after(() => {
  for (const engine of engines.values()) engine.close();
});

type Shape = readonly number[];
interface Case {
  /** What it is for. */
  readonly name: string;
  readonly q: Shape;
  readonly k: Shape;
  readonly v: Shape;
  readonly mask?: Shape;
  readonly isCausal?: boolean;
}

const CASES: readonly Case[] = [
  { name: 'several tiles', q: [2, 2, 70, 36], k: [2, 2, 67, 36], v: [2, 2, 67, 40] },
  { name: 'causal', q: [2, 1, 70, 8], k: [2, 1, 70, 8], v: [2, 1, 70, 8], isCausal: true },
  { name: 'more queries than keys', q: [1, 65, 5], k: [1, 33, 5], v: [1, 33, 3], isCausal: true },
  { name: 'more keys than queries', q: [33, 4], k: [65, 4], v: [65, 4], isCausal: true },
  { name: 'padding', q: [3, 2, 40, 8], k: [3, 2, 37, 8], v: [3, 2, 37, 8], mask: [3, 1, 1, 37] },
  { name: 'queries that see nothing', q: [2, 2, 9, 4], k: [2, 2, 7, 4], v: [2, 2, 7, 4], mask: [2, 1, 9, 1] },
  { name: 'a mask for each head', q: [2, 3, 33, 4], k: [2, 3, 5, 4], v: [2, 3, 5, 4], mask: [3, 33, 5] },
  {
    name: 'a full mask, causal',
    q: [2, 2, 34, 4],
    k: [2, 2, 35, 4],
    v: [2, 2, 35, 4],
    mask: [2, 2, 34, 35],
    isCausal: true,
  },
  {
    name: 'three leading axes',
    q: [2, 3, 2, 5, 4],
    k: [2, 3, 2, 6, 4],
    v: [2, 3, 2, 6, 4],
    mask: [2, 1, 2, 1, 6],
  },
  { name: 'the longest rows', q: [1, 3, 128], k: [1, 40, 128], v: [1, 40, 125] },
];

// Wide rows are other pipelines, which take a driver seconds to compile: forms of halves, which differ in loads and stores, do without.
for (const [form, dtype, widest] of [
  ['native', 'float32', 128],
  ['native', 'float16', 64],
  ['packed', 'float16', 32],
] as const) {
  test(`${dtype}, ${form}: results and gradients`, async () => {
    const engine = engines.get(form)!;
    for (const { q, k, v, mask: maskShape, isCausal = false } of CASES) {
      if (v.at(-1)! > widest) continue;
      const draw = (shape: Shape) => ht.cast(ht.randomUniform(shape, -1, 1, 'float32', { engine }), dtype);
      const inputs = [q, k, v].map(draw);
      const mask = maskShape && ht.greater(ht.randomUniform(maskShape, 0, 1, 'float32', { engine }), 0.4);
      const upstream = draw([...q.slice(0, -1), v.at(-1)!]);
      const results = [true, false].map((flashAttention) => {
        const tape = new ht.GradientTape();
        tape.watch(...inputs);
        const options = { flashAttention, isCausal, ...(mask ? { mask } : {}) };
        const y = tape.record(() =>
          ht.scaledDotProductAttention(inputs[0]!, inputs[1]!, inputs[2]!, options),
        );
        return [y, ...tape.gradient(y, inputs, { outputGradients: upstream })];
      });
      for (const [index, pass] of (['forward', 'gradient', 'gradient', 'gradient'] as const).entries()) {
        const [fused, composed] = await Promise.all(results.map((list) => numbers(list[index]!)));
        const terms = index === 0 ? k.at(-2)! : Math.max(q.at(-2)!, k.at(-2)!) * q.at(-1)!;
        assertClose(fused!, composed!, { op: 'scaledDotProductAttention', dtype, pass, terms });
      }
    }
  });
}

test('NaN stays in its row, infinity where it is seen; equal bits each time', async () => {
  const engine = engines.get('native')!;
  const draw = (shape: Shape) => ht.randomUniform(shape, -1, 1, 'float32', { engine });
  const values = await numbers(draw([1, 40, 4]));
  values[4 * 5] = Number.NaN;
  const q = ht.tensor(values, { shape: [1, 40, 4], engine });
  const [k, v] = [draw([1, 40, 4]), draw([1, 40, 4])];
  const run = async (flashAttention: boolean, keys = k, values = v) =>
    numbers(ht.scaledDotProductAttention(q, keys, values, { flashAttention }));
  const y = await run(true);
  for (const [i, value] of y.entries()) assert.is(Number.isNaN(value), Math.floor(i / 4) === 5);
  assert.equal(await run(true), y);
  const wide = await numbers(v);
  wide[4 * 39] = Number.POSITIVE_INFINITY;
  const infinite = ht.tensor(wide, { shape: [1, 40, 4], engine });
  const [fused, composed] = [await run(true, k, infinite), await run(false, k, infinite)];
  assert.equal(
    fused.map((value) => (Number.isFinite(value) ? 'finite' : String(value))),
    composed.map((value) => (Number.isFinite(value) ? 'finite' : String(value))),
  );
});

test('scores are not in memory, forward or backward; fit and layers use it', async () => {
  const engine = engines.get('native')!;
  const [steps, size] = [512, 8];
  const peak = (flashAttention: boolean) => {
    const step = ht.jit(
      (q: ht.Tensor, k: ht.Tensor, v: ht.Tensor) =>
        ht.valueAndGradients(
          () => ht.sum(ht.scaledDotProductAttention(q, k, v, { flashAttention, isCausal: true })),
          [q, k, v],
        ).gradients as ht.Tensor[],
    );
    const inputs = [1, 2, 3].map(() => ht.randomNormal([2, steps, size], 0, 1, 'float32', { engine }));
    const { peak } = step.program(inputs[0]!, inputs[1]!, inputs[2]!).report();
    step.dispose();
    return peak.bytes;
  };
  const scores = 2 * steps * steps * 4;
  assert.ok(peak(false) > scores, 'the composition stores them');
  assert.ok(peak(true) < scores / 4, `${peak(true)} bytes`);
});

test('what it refuses', () => {
  const engine = engines.get('native')!;
  const x = (size: number) => ht.zeros([2, size], 'float32', { engine });
  assert.throws(
    () => ht.scaledDotProductAttention(x(132), x(132), x(4), { flashAttention: true }),
    /^scaledDotProductAttention: flashAttention true with rows of 132 elements; it takes 128 at most; leave it out$/,
  );
  assert.throws(
    () => ht.scaledDotProductAttention(x(4), x(4), x(4), { flashAttention: true, dropoutRate: 0.5 }),
    /^scaledDotProductAttention: flashAttention true with dropoutRate 0.5; leave it out$/,
  );
  assert.equal(ht.scaledDotProductAttention(x(132), x(132), x(4)).shape, [2, 4]);
});
