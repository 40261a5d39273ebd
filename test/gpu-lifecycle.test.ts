// Tests of opening, losing and closing engines, of two engines side by side, and of adapters that lack something.
import { spawnSync } from 'node:child_process';
import * as assert from 'uvu/assert';
import { create } from 'webgpu';
import * as ht from '../src/node.ts';
import { castOverflowed } from '../src/ops/cast.ts';
import { assertRejects } from './assert-throws.ts';
import { collected } from './collected.ts';
import { suite } from './harness.ts';
import { softmax } from './reference/softmax.ts';
import { assertClose } from './tolerances.ts';

const test = suite('engine life');
const SOON = { timeout: 20_000 };
// Dawn crashes when the instance is collected while a device of it lives.
const instance = create([]) as GPU;

/** Dawn as a host whose adapter shows these features only; `devices` are those it made. */
function hostWith(features: (all: string[]) => string[]): { gpu: GPU; devices: GPUDevice[] } {
  const devices: GPUDevice[] = [];
  const requestAdapter = async (options?: GPURequestAdapterOptions) => {
    const adapter = (await instance.requestAdapter(options))!;
    const shown = new Set(features([...adapter.features]));
    const requestDevice = async (descriptor: GPUDeviceDescriptor) => {
      const device = await adapter.requestDevice(descriptor);
      devices.push(device);
      return device;
    };
    return { info: adapter.info, limits: adapter.limits, features: shown, requestDevice };
  };
  return { gpu: { requestAdapter } as unknown as GPU, devices };
}

test('an engine says what it got', async () => {
  const engine = await ht.open({ seed: 5 });
  const { info } = engine;
  assert.type(info.adapter, 'string');
  assert.ok(info.adapter.length > 0);
  assert.is(info.f16, 'native');
  assert.ok(info.features.includes('shader-f16'));
  assert.ok(
    info.limits.storageBinding >= 2 ** 27 &&
      info.limits.buffer >= 2 ** 28 &&
      info.limits.workgroupInvocations >= 256,
  );
  assert.ok(Object.isFrozen(info));
  assert.is(engine.seed, 5);
  assert.not(engine.closed);
  engine.close();
  const packed = await ht.open({ f16: 'packed' });
  assert.is(packed.info.f16, 'packed');
  packed.close();
});

test('options that are not accepted', async () => {
  await assertRejects(
    () => ht.open({ seed: -1 }),
    ht.ArgumentError,
    /^open: seed -1; use a whole number from 0 to 2\^32 - 1$/,
  );
  await assertRejects(() => ht.open({ seed: 0.5 }), ht.ArgumentError, /seed 0\.5/);
  await assertRejects(
    () => ht.open({ memoryBudget: 0 }),
    ht.ArgumentError,
    /^open: memoryBudget 0; use a number of bytes above 0$/,
  );
  await assertRejects(() => ht.open({ memoryBudget: Number.NaN }), ht.ArgumentError, /memoryBudget NaN/);
  await assertRejects(
    () => ht.open({ f16: 'half' as 'packed' }),
    ht.AdapterError,
    /^open: unknown f16 'half'; use 'native' or 'packed'$/,
  );
});

test('no adapter, and an adapter without shader-f16', async () => {
  const none = { requestAdapter: async () => null } as unknown as GPU;
  await assertRejects(() => ht.open({ gpu: none }), ht.AdapterError, /^open: no WebGPU adapter; install/);
  const { gpu } = hostWith((all) => all.filter((feature) => feature !== 'shader-f16'));
  await assertRejects(
    () => ht.open({ gpu, f16: 'native' }),
    ht.AdapterError,
    /has no shader-f16; use 'packed'/,
  );
});

test('a device without shader-f16 or any other feature computes in packed halves', async () => {
  const engine = await ht.open({ gpu: hostWith(() => []).gpu });
  assert.is(engine.info.f16, 'packed');
  assert.equal(engine.info.features, []);
  assert.is(engine.info.subgroupSize, null);
  const a = ht.tensor(
    [
      [1, 2, 3],
      [4, 5, 6],
    ],
    { dtype: 'float16' },
  );
  const product = ht.matMul(a, a, false, true, {
    activation: 'tanh',
    bias: ht.tensor([-14, -77], { dtype: 'float16' }),
  });
  assert.equal(await ht.cast(product, 'float32').array(), [
    [0, -1],
    [1, 0],
  ]);
  assertClose(await ht.softmax(ht.sum(a, 0)).data(), softmax({ shape: [3], data: [5, 7, 9] }).data, {
    op: 'softmax',
    dtype: 'float16',
  });
  engine.close();
});

test('after close every call throws, and nothing hangs', SOON, async () => {
  const engine = await ht.open();
  const x = ht.ones([3]);
  const v = ht.variable([1, 2, 3]);
  const jitted = ht.jit((t: ht.Tensor) => ht.add(t, 1));
  jitted(x);
  const tape = new ht.GradientTape();
  const y = tape.record(() => ht.mul(v, 2));
  engine.close();
  engine.close();
  assert.ok(engine.closed);
  const calls: Record<string, () => unknown> = {
    data: () => x.data(),
    array: () => v.array(),
    op: () => ht.add(x, 1),
    matMul: () => ht.matMul([[1]], [[1]]),
    tensor: () => ht.tensor([1]),
    'tensor on the engine': () => ht.tensor([1], { engine }),
    full: () => ht.zeros([2], 'float32', { engine }),
    random: () => ht.randomUniform([2]),
    alias: () => ht.stopGradient(x),
    assign: () => v.assign([1, 2, 3]),
    variable: () => ht.variable([1]),
    read: () => v.read('float16'),
    gradient: () => tape.gradient(y, v),
    jit: () => jitted(x),
    'a new jit': () => ht.jit(() => ht.ones([2]))(),
    castOverflowed: () => castOverflowed(engine),
    settle: () => engine.settle(),
    'engine.read': () => engine.read([]),
    trace: () => engine.trace(() => 0),
  };
  for (const [name, call] of Object.entries(calls)) {
    await assertRejects(call, ht.DisposedError, /^engine: closed; open a new one$/).catch((error) => {
      throw new Error(`${name}: ${error.message}`);
    });
  }
  // What frees does not throw, so that cleaning up after a failure is easy.
  for (const thing of [x, v, y, tape, jitted]) thing.dispose();
  assert.type(await engine.lost, 'string');
  assert.type(engine.memory().bytesInUse, 'number');
});

test('reads and settles that wait while the engine is closed are rejected', SOON, async () => {
  const engine = await ht.open();
  let x = ht.ones([300, 300]);
  for (let i = 0; i < 30; i++) x = ht.mul(ht.matMul(x, x), 1 / 300);
  const waiting = [() => x.data(), () => engine.settle(), () => castOverflowed(engine)].map((fn) => {
    const promise = fn();
    return assertRejects(() => promise, ht.DisposedError, /closed/);
  });
  engine.close();
  await Promise.all(waiting);
});

test('a device lost by itself: the reason is told, and every later call throws', SOON, async () => {
  const { gpu, devices } = hostWith((all) => all);
  const engine = await ht.open({ gpu });
  const x = ht.ones([3]);
  const reading = assertRejects(
    () => ht.add(x, 1).data(),
    ht.DeviceLostError,
    /^engine: the device was lost \(/,
  );
  devices[0]!.destroy();
  await reading;
  assert.match(await engine.lost, /destroyed/);
  await assertRejects(() => ht.add(x, 1), ht.DeviceLostError, /open a new engine/);
  await assertRejects(() => engine.settle(), ht.DeviceLostError, /was lost/);
  x.dispose();
});

test('two engines side by side: own values, own default, no tensor of one in the other', async () => {
  const first = await ht.open({ f16: 'native' });
  const second = await ht.open({ f16: 'packed' });
  const a = ht.tensor([1.5, 2], { engine: first, dtype: 'float16' });
  const b = ht.tensor([3, 4], { dtype: 'float16' });
  const label = ht.tensor(1, { dtype: 'int32' });
  assert.is(b.engine, second);
  assert.equal([...(await ht.add(a, 1).data()), ...(await ht.add(b, 1).data())], [2.5, 3, 4, 5]);
  const mixed: Record<string, () => unknown> = {
    add: () => ht.add(a, b),
    matMul: () => ht.matMul(ht.reshape(a, [1, 2]), ht.reshape(b, [2, 1])),
    softmaxCrossEntropy: () => ht.softmaxCrossEntropy(a, label),
    assign: () => ht.variable([0, 0], { engine: first, dtype: 'float16' }).assign(b),
    jit: () => ht.jit((x: ht.Tensor, y: ht.Tensor) => [x, y])(a, b),
    'captured in jit': () => ht.jit((x: ht.Tensor) => ht.add(x, b))(a),
  };
  for (const [name, call] of Object.entries(mixed)) {
    await collected();
    const memory = [first.memory().bytesInUse, second.memory().bytesInUse];
    await assertRejects(call, ht.ArgumentError, /two engines|another engine/).catch((error) => {
      throw new Error(`${name}: ${error.message}`);
    });
    if (name !== 'assign' && name !== 'matMul')
      assert.equal([first.memory().bytesInUse, second.memory().bytesInUse], memory, name);
  }
  second.close();
  assert.equal([...(await ht.mul(a, 2).data())], [3, 4]);
  first.close();
});

test('many engines may be opened and closed in turn', async () => {
  for (let i = 0; i < 8; i++) {
    const engine = await ht.open();
    assert.equal([...(await ht.add(ht.full([2], i), 1).data())], [i + 1, i + 1]);
    engine.close();
  }
});

test('without an engine the error says what to do', () => {
  const script = `import * as ht from ${JSON.stringify(new URL('../src/index.ts', import.meta.url).href)};
    try { ht.tensor([1]); } catch (error) { console.log(error.name, error.message); }`;
  const { stdout } = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    encoding: 'utf8',
  });
  const advice = 'no engine is open; call await open() first, or pass { engine }';
  assert.is(stdout.trim(), `ArgumentError tensor: ${advice}`);
});
