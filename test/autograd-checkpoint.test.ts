// Tests of checkpoint: gradients bit-equal to those of the plain function, random numbers and jit included, in less memory.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { collected } from './collected.ts';
import { suite } from './harness.ts';

const test = suite('checkpoint');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open({ seed: 3 });
});
test.after(() => engine.close());

const values = async (of: { data(): Promise<ArrayLike<number>> }) => Array.from(await of.data());
const all = (list: readonly { data(): Promise<ArrayLike<number>> }[]) => Promise.all(list.map(values));

type Block = (x: ht.Tensor) => ht.Tensor;
type Wrap = (block: Block) => Block;

/** Loss and gradients of `blocks` dense layers with dropout, plain or checkpointed, under a policy. */
function network(policy: 'float32' | 'mixed_float16', blocks: number, width: number, rate: number) {
  const layers = Array.from({ length: blocks }, (_, i) => [
    ht.layers.dense({
      units: width,
      activation: 'tanh',
      dtype: policy,
      ...(i === 0 ? { inputShape: [width] } : {}),
    }),
    ht.layers.dense({ units: width, activation: 'relu', dtype: policy }),
  ]);
  for (const layer of layers.flat()) layer.build([width], engine);
  const variables = layers.flat().flatMap(({ trainableVariables }) => trainableVariables);
  const step = (wrap: Wrap) => (x: ht.Tensor) => {
    const tape = new ht.GradientTape();
    tape.watch(x);
    const loss = tape.record(() => {
      let y: ht.Tensor = x;
      for (const [first, second] of layers) {
        const block = (input: ht.Tensor) => {
          const inner = first!.apply(input);
          return second!.apply(rate > 0 ? ht.dropout(inner, rate) : inner);
        };
        y = wrap(block)(y);
      }
      return ht.mean(ht.square(ht.cast(y, 'float32')));
    });
    return [loss, ...tape.gradient(loss, [x, ...variables])];
  };
  return { step, variables };
}

const plain: Wrap = (fn) => fn;

for (const policy of ['float32', 'mixed_float16'] as const) {
  test(`${policy}: loss and gradients are those without it, bit for bit`, async () => {
    const { step } = network(policy, 2, 24, 0);
    const x = ht.randomNormal([9, 24]);
    const [expected, found] = [step(plain)(x), step(ht.checkpoint)(x)];
    assert.equal(
      found.map(({ dtype }) => dtype),
      expected.map(({ dtype }) => dtype),
    );
    assert.equal(await all(found), await all(expected));
  });
}

test('dropout inside: two steps are those without it, bit for bit, and the generator goes on alike', async () => {
  const results: number[][][] = [];
  for (const wrap of [plain, ht.checkpoint]) {
    engine.close();
    engine = await ht.open({ seed: 11 });
    const { step } = network('float32', 2, 16, 0.5);
    const x = ht.full([8, 16], 0.5);
    const [first, second] = [await all(step(wrap)(x)), await all(step(wrap)(x))];
    assert.not.equal(first, second);
    results.push([...first, ...second, await values(ht.randomUniform([4]))]);
  }
  assert.equal(results[1], results[0]);
});

test('dropout: the gradient is that of the mask that was applied', async () => {
  const x = ht.ones([64]);
  const tape = new ht.GradientTape();
  tape.watch(x);
  const y = tape.record(() => ht.checkpoint((v: ht.Tensor) => ht.dropout(ht.mul(v, 3), 0.5))(x));
  const gradient = tape.gradient(y, x)!;
  assert.equal(await values(gradient), await values(y));
  assert.ok((await values(y)).includes(0) && (await values(y)).includes(6));
  const next = await values(ht.dropout(ht.ones([64]), 0.5));
  assert.is.not(next.join(), (await values(y)).map((value) => value / 3).join());
});

test('under jit: the same as eager, and new numbers each replay', async () => {
  const block = ht.checkpoint((v: ht.Tensor) => ht.square(ht.dropout(v, 0.5)));
  const step = (x: ht.Tensor) => {
    const tape = new ht.GradientTape();
    tape.watch(x);
    const y = tape.record(() => block(x));
    return [y, tape.gradient(y, x)!] as const;
  };
  const jitted = ht.jit(step);
  const x = ht.full([256], 2);
  const seen = new Set<string>();
  for (let replay = 0; replay < 3; replay++) {
    const [y, gradient] = jitted(x);
    const [kept, slope] = [await values(y), await values(gradient)];
    // y = (2 m)^2 with a mask m of 0 and 2, its slope 2 (2 m) m.
    assert.equal(
      slope,
      kept.map((value) => (value === 0 ? 0 : 16)),
    );
    seen.add(kept.join());
  }
  assert.is(seen.size, 3);
  jitted.dispose();
});

test('several arguments and results, nested values, numbers among them, results that are arguments', async () => {
  const [a, b] = [ht.tensor([1, 2]), ht.tensor([3, 4])];
  const w = ht.variable([2, 5]);
  const fn = ({ x, scale }: { x: ht.Tensor; scale: number }, list: ht.Tensor[]) => ({
    sum: ht.add(ht.mul(x, scale), ht.mul(list[0]!, w)),
    same: x,
    list: [ht.square(list[0]!)],
    name: 'text',
  });
  const gradients = async (call: typeof fn) => {
    const tape = new ht.GradientTape();
    tape.watch(a, b);
    const { sum, same, list, name } = tape.record(() => call({ x: a, scale: 3 }, [b]));
    assert.is(name, 'text');
    return all(tape.gradient([sum, same, list[0]!], [a, b, w]));
  };
  assert.equal(await gradients(ht.checkpoint(fn)), await gradients(fn));
  assert.equal(await gradients(fn), [
    [4, 4],
    [8, 13],
    [3, 4],
  ]);
});

test('nested, and second derivatives', async () => {
  const cube = ht.checkpoint((x: ht.Tensor) => ht.mul(x, ht.checkpoint((v: ht.Tensor) => ht.square(v))(x)));
  const x = ht.tensor([2, -3]);
  const outer = new ht.GradientTape();
  outer.watch(x);
  const first = outer.record(() => {
    const inner = new ht.GradientTape();
    inner.watch(x);
    return inner.gradient(
      inner.record(() => cube(x)),
      x,
    )!;
  });
  assert.equal(await values(first), [12, 27]);
  assert.equal(await values(outer.gradient(first, x)!), [12, -18]);
});

test('without a tape it is the function; async ones, and variables changed in between, are refused', async () => {
  const w = ht.variable([2]);
  const double = ht.checkpoint((x: ht.Tensor) => ht.mul(x, w));
  assert.equal(await values(double(ht.tensor([3]))), [6]);
  assert.throws(
    () => ht.checkpoint(async () => ht.ones([1]))(),
    (error: Error) =>
      error instanceof ht.ArgumentError && /^checkpoint: the function is async/.test(error.message),
  );
  const tape = new ht.GradientTape();
  const y = tape.record(() => double(ht.tensor([3])));
  w.assign([7]);
  assert.throws(() => tape.gradient(y, w), /a variable has changed since checkpoint read it/);
});

test('a deep network takes less memory under jit, and nothing is left of it', async () => {
  const { step } = network('float32', 8, 128, 0);
  const x = ht.randomNormal([256, 128]);
  const peak = (wrap: Wrap) => {
    const jitted = ht.jit((input: ht.Tensor) => step(wrap)(input)[0]!);
    const program = jitted.program(x);
    const bytes = program.report().peakOf('activations', 'gradients');
    jitted.dispose();
    return bytes;
  };
  const [whole, less] = [peak(plain), peak(ht.checkpoint)];
  assert.ok(less < 0.75 * whole, `${less} of ${whole} bytes`);
  for (const tensor of step(ht.checkpoint)(x)) tensor.dispose();
  await collected();
  const before = engine.memory().bytesInUse;
  for (let run = 0; run < 4; run++) for (const tensor of step(ht.checkpoint)(x)) tensor.dispose();
  await collected();
  assert.is(engine.memory().bytesInUse, before);
});
