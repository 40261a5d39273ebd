// Tests of jit together with tapes: gradients inside and around it, and a training step bit-equal to eager.
import * as assert from 'uvu/assert';
import { setDefaultEngine } from '../src/gpu/default-engine.ts';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';

const test = suite('jit and tapes');

let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open();
});
test.after(() => engine.close());

const values = async (of: { data(): Promise<ArrayLike<number>> }) => Array.from(await of.data());

async function onEngine<T>(options: ht.OpenOptions, body: (own: ht.Engine) => Promise<T>): Promise<T> {
  const own = await ht.open(options);
  return body(own).finally(() => {
    own.close();
    setDefaultEngine(engine);
  });
}

test('under a recording tape a jitted function runs as it is, and has gradients', async () => {
  const w = ht.variable([3]);
  const fn = ht.jit((x: ht.Tensor) => ht.mul(ht.square(x), w));
  const x = ht.tensor([2]);
  const tape = new ht.GradientTape();
  tape.watch(x);
  const y = tape.record(() => fn(x));
  const [byX, byW] = tape.gradient(y, [x, w]);
  assert.equal([await values(y), await values(byX!), await values(byW!)], [[12], [12], [4]]);
  assert.is(fn.traces, 0);
  w.dispose();
});

test('tapes inside: gradients by inputs, by variables, by variables passed as tensors, and second ones', async () => {
  const w = ht.variable([2, 3]);
  const gradients = (x: ht.Tensor, values: ht.Tensor) => {
    const outer = new ht.GradientTape();
    outer.watch(x);
    const first = outer.record(() => {
      const tape = new ht.GradientTape();
      tape.watch(x);
      const y = tape.record(() => ht.mul(ht.mul(ht.square(x), x), values));
      return tape.gradient(y, [x, values]);
    });
    return [...first, outer.gradient(first[0]!, x)!];
  };
  const fn = ht.jit(gradients);
  const x = ht.tensor([1, 2]);
  for (const run of [gradients, fn, fn]) {
    const got = await Promise.all(run(x, w.values).map(values));
    assert.equal(got[0], [6, 36]);
    assert.equal(got[1], [1, 8]);
    assert.equal(got[2], [12, 36]);
  }
  w.dispose();
});

for (const [form, f16] of [
  ['float32', 'native'],
  ['float16 native', 'native'],
  ['float16 packed', 'packed'],
] as const) {
  test(`a training step with dropout and random noise is bit-equal to eager, ${form}`, async () => {
    const dtype = form === 'float32' ? 'float32' : 'float16';
    const train = (jitted: boolean) =>
      onEngine({ seed: 3, f16 }, async (own) => {
        const start = (rows: number, columns: number) =>
          ht.variable(
            Float32Array.from({ length: rows * columns }, (_, i) => Math.sin(i + rows)),
            { shape: [rows, columns] },
          );
        const [w1, b1, w2] = [start(5, 9), ht.variable(new Float32Array(9)), start(9, 3)];
        const step = (x: ht.Tensor, labels: ht.Tensor, rate: number) => {
          const tape = new ht.GradientTape();
          const loss = tape.record(() => {
            const noisy = ht.cast(ht.add(x, ht.randomNormal(x.shape, 0, 0.1)), dtype);
            const options = { bias: b1.read(dtype), activation: 'tanh' } as const;
            const hidden = ht.dropout(ht.matMul(noisy, w1.read(dtype), false, false, options), 0.3);
            return ht.mean(ht.softmaxCrossEntropy(ht.matMul(hidden, w2.read(dtype)), labels));
          });
          const gradients = tape.gradient(loss, [w1, b1, w2]);
          for (const [i, variable] of [w1, b1, w2].entries())
            variable.assign(ht.sub(variable, ht.mul(gradients[i]!, rate)));
          return loss;
        };
        const run = jitted
          ? ht.jit(step)
          : (...args: Parameters<typeof step>) => ht.tidy(() => step(...args));
        const losses: number[] = [];
        for (let i = 0; i < 6; i++) {
          const x = ht.tensor(
            Float32Array.from({ length: 35 }, (_, j) => Math.cos(i + j)),
            { shape: [7, 5] },
          );
          const labels = ht.tensor(Int32Array.from({ length: 7 }, (_, j) => (i + j) % 3));
          const loss = run(x, labels, i < 4 ? 0.5 : 0.25);
          losses.push((await loss.data())[0]!);
        }
        const weights = await Promise.all([w1, b1, w2, w1.read(dtype)].map(values));
        return { losses, weights, rates: 'traces' in run ? run.traces : 2, own: own.info.f16 };
      });
    const [eager, jitted] = [await train(false), await train(true)];
    assert.equal(jitted, eager);
    assert.ok(
      new Set(eager.losses).size === 6 && eager.losses.every((loss) => loss > 0 && loss < 10),
      `${eager.losses}`,
    );
  });
}
