// Tests of the bench's peers without their packages: inputs, reference, and processes that answer, lie, crash and hang.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import * as assert from 'uvu/assert';
import { gemmInputs, values } from '../bench/peers/inputs.ts';
import { productModel } from '../bench/peers/onnx.ts';
import type { GemmProblem, StepProblem } from '../bench/peers/peer.ts';
import { PEERS, PeerError, startPeers } from '../bench/peers/peers.ts';
import { check, referenceLosses } from '../bench/peers/reference.ts';
import { interleave, type Timing, timingOf } from '../bench/peers/timing.ts';
import { roundToHalf } from '../src/values/half.ts';
import { suite } from './harness.ts';
import { matMul } from './reference/matmul.ts';

const bench = (file: string) => new URL(`../bench/peers/${file}`, import.meta.url);
const gemm = (rest: Partial<GemmProblem> = {}): GemmProblem => {
  return { suite: 'gemm', m: 5, k: 7, n: 3, layout: 'NN', storage: 'f32', ...rest };
};
const STEP: StepProblem = { suite: 'step', batch: 4, widths: [6, 5, 3] };

function product(problem: GemmProblem): Float32Array {
  const { a, b, aShape, bShape } = gemmInputs(problem);
  const { data } = matMul(
    { shape: aShape, data: [...a] },
    { shape: bShape, data: [...b] },
    { transposeA: problem.layout === 'TN', transposeB: problem.layout === 'NT' },
  );
  return Float32Array.from(data);
}

/** A peer whose behaviour goes by m: 1 is wrong, 2 throws, 3 crashes, 4 hangs, 5 crashes when timed, others are right. */
const FAKE = `
  import { writeFileSync } from 'node:fs';
  export async function openPeer({ backend }) {
    if (backend === 'none') throw new Error('no such backend');
    const { pidFile, products } = JSON.parse(process.env.FAKE_PEER);
    writeFileSync(pidFile, String(process.pid));
    return {
      adapter: 'fake adapter',
      async gemm({ m, storage }) {
        if (storage === 'f16') return undefined;
        if (m === 2) throw new Error('out of luck');
        if (m === 3) { console.error('last words'); process.abort(); }
        if (m === 4) for (;;);
        return {
          async run(times) {
            if (m === 5) process.exit(7);
            await new Promise((end) => setTimeout(end, 2 * times));
          },
          async result() {
            const product = Float32Array.from(products[m]);
            if (m === 1) product[2] += 1;
            return product;
          },
          dispose() {},
        };
      },
      close() {},
    };
  }`;

const folder = mkdtempSync(join(tmpdir(), 'halftape-peers-'));
const pidFile = join(folder, 'pid');
const fake = pathToFileURL(join(folder, 'fake.mjs'));
const definition = { name: 'fake', backend: 'webgpu', module: fake, packages: [] };
const start = (backend = 'webgpu', timeout = 5000) =>
  startPeers({ definitions: [{ ...definition, backend }], timeout })[0]!;

async function reasonOf(outcome: Promise<unknown>): Promise<string> {
  const value = await outcome;
  assert.instance(value, PeerError);
  return (value as PeerError).message;
}

const test = suite('bench peers');

test.before(() => {
  writeFileSync(fake, FAKE);
  const products = Object.fromEntries([1, 5, 6].map((m) => [m, [...product(gemm({ m }))]]));
  process.env.FAKE_PEER = JSON.stringify({ pidFile, products });
});
test.after(() => rmSync(folder, { recursive: true }));

test('inputs are whole 64ths in [-1, 1], the same every time, and differ by seed', () => {
  const drawn = values(1, 10_000);
  assert.equal(drawn, values(1, 10_000));
  assert.not.equal(drawn, values(2, 10_000));
  assert.ok(drawn.every((value) => Number.isInteger(value * 64) && Math.abs(value) <= 1));
  assert.ok(drawn.includes(-1) && drawn.includes(1));
  const mean = drawn.reduce((sum, value) => sum + value) / drawn.length;
  assert.ok(Math.abs(mean) < 0.02, `mean ${mean}`);
});

for (const layout of ['NN', 'NT', 'TN'] as const) {
  test(`a right product in ${layout} passes; one wrong element, NaN or a missing one do not`, () => {
    const problem = gemm({ layout });
    const right = product(problem);
    assert.equal(check(problem, right), { error: 0 });
    assert.match(check(problem, right.with(14, right[14]! + 0.01)).wrong!, /element 14 is/);
    assert.match(check(problem, right.with(0, Number.NaN)).wrong!, /element 0 is NaN/);
    assert.match(check(problem, right.slice(1)).wrong!, /14 values, expected 15/);
  });
}

test('a product of halves may be rounded once, is called coarse beyond, and refused far beyond', () => {
  const problem = gemm({ storage: 'f16' });
  const halves = product(problem).map(roundToHalf);
  assert.is(check(problem, halves).wrong, undefined);
  assert.is(check(problem, halves).coarse, undefined);
  assert.is(check(problem, halves.with(3, 0.005 * Math.sign(halves[3]!) + halves[3]!)).wrong, undefined);
  assert.match(check(problem, halves.with(3, halves[3]! + 0.1)).wrong!, /element 3/);
});

test('of a large product, elements all over are checked', () => {
  const problem = gemm({ m: 64, n: 64, k: 2 ** 17 });
  const zeros = new Float32Array(64 * 64);
  assert.match(check(problem, zeros).wrong!, /element/);
});

test("the reference's losses fall, and only losses close to them pass", () => {
  const losses = Float32Array.from(referenceLosses(STEP));
  assert.is(losses.length, 5);
  assert.ok(
    losses.every((loss, step) => step === 0 || loss < losses[step - 1]!),
    losses.join(),
  );
  assert.is(check(STEP, losses).wrong, undefined);
  assert.match(check(STEP, losses.with(4, losses[4]! * 1.01)).wrong!, /loss 4/);
});

test('the ONNX model of a product is the protobuf that it should be', () => {
  const bytes = Buffer.from(productModel(gemm({ m: 300, layout: 'NT' })));
  // ir_version 8; a graph; opset 17 at the end
  assert.is(bytes.subarray(0, 3).toString('hex'), '08083a');
  assert.is(bytes.subarray(-4).toString('hex'), '42021011');
  for (const part of ['Gemm', 'transB', 'product']) assert.ok(bytes.includes(part), part);
  assert.ok(bytes.includes(Buffer.from([0x08, 0xac, 0x02])), 'the dimension 300');
});

test('medians and quantiles, and sources in turn of which one fails', async () => {
  const { median, p20, p80 } = timingOf([5, 1, 4, 2, 3]);
  assert.equal(
    [median, p20, p80].map((value) => value.toFixed(2)),
    ['3.00', '1.80', '4.20'],
  );
  const order: string[] = [];
  const source = (name: string, fails = false) => ({
    async sample() {
      order.push(name);
      if (fails) throw new Error('gone');
      return order.length;
    },
  });
  const [a, b] = await interleave([source('a'), source('b', true)], { samples: 2 });
  assert.is(order.join(''), 'abaa');
  assert.equal((a as Timing).samples, [3, 4]);
  assert.is((b as Error).message, 'gone');
});

test('a right case is measured; an absent, a wrong and a throwing one are not, and the process lives on', async () => {
  const peer = start();
  try {
    assert.match(
      await reasonOf(peer.measure(gemm({ m: 1 }))),
      /^peer fake webgpu: gemm 1x7x3 NN f32 not measured, because its result is wrong: element 2 /,
    );
    assert.match(await reasonOf(peer.measure(gemm({ m: 2 }))), /because out of luck$/);
    assert.match(await reasonOf(peer.measure(gemm({ storage: 'f16' }))), /has no gemm/);
    const measured = await peer.measure(gemm({ m: 6 }), { samples: 5, minMs: 10 });
    if (measured instanceof PeerError) throw measured;
    assert.is(measured.samples.length, 5);
    assert.ok(measured.median > 1.5 && measured.median < 20, String(measured.median));
    assert.is(measured.error, 0);
    assert.is(peer.adapter, 'fake adapter');
  } finally {
    peer.close();
  }
});

test('a crash and a hang are one line each, and the next case starts the process again', async () => {
  const peer = start('webgpu', 1500);
  try {
    assert.match(await reasonOf(peer.measure(gemm({ m: 3 }))), /ended by SIGABRT, doing: prepare/);
    assert.match(await reasonOf(peer.measure(gemm({ m: 4 }))), /did not answer within 1.5 s/);
    const prepared = await peer.prepare(gemm({ m: 5 }));
    if (prepared instanceof PeerError) throw prepared;
    const [timing] = await interleave([prepared]);
    assert.match((timing as Error).message, /exited with code 7, doing: sample/);
    assert.match(
      await reasonOf(peer.measure(gemm({ m: 6 }))),
      /exited with code 7/,
      'three starts are enough',
    );
  } finally {
    peer.close();
  }
});

test('a peer that cannot open, and one whose packages are missing, say so', async () => {
  const closed = start('none');
  assert.match(await reasonOf(closed.prepare(gemm())), /no such backend/);
  assert.throws(() => startPeers({ names: ['torch'] }), /no peer is called 'torch'/);
  const versions = startPeers().map(({ version }) => version);
  assert.is(versions.length, PEERS.length);
  assert.ok(
    versions.every((version) => /^\d+\.\d+\.\d+$/.test(version)),
    versions.join(),
  );
});

test('a peer, even one in an endless loop, dies with its parent', { timeout: 20_000 }, async () => {
  const parent = join(folder, 'parent.mts');
  writeFileSync(
    parent,
    `import { startPeers } from '${bench('peers.ts').href}';
     const [peer] = startPeers({ definitions: [{ ...${JSON.stringify(definition)}, module: new URL('${fake.href}') }] });
     await peer.prepare(${JSON.stringify(gemm({ m: 6 }))});
     console.log('looping');
     await peer.prepare(${JSON.stringify(gemm({ m: 4 }))});`,
  );
  const child = spawn(process.execPath, [...process.execArgv, parent], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(createInterface({ input: child.stdout }), 'line');
  await delay(200);
  const pid = Number(readFileSync(pidFile, 'utf8'));
  assert.ok(alive(pid));
  child.kill('SIGKILL');
  await once(child, 'exit');
  for (let tries = 0; tries < 50 && alive(pid); tries++) await delay(100);
  assert.not.ok(alive(pid));
});

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('the peers run on the Dawn of the main install, from the registry and nothing else', () => {
  const read = (url: URL) => JSON.parse(readFileSync(url, 'utf8'));
  const { dependencies } = read(bench('package.json'));
  assert.is(dependencies.webgpu, read(new URL('../package.json', import.meta.url)).devDependencies.webgpu);
  assert.ok(Object.values<string>(dependencies).every((version) => /^\d+\.\d+\.\d+$/.test(version)));
  assert.not.match(readFileSync(bench('package-lock.json'), 'utf8'), '"resolved"');
});
