// `halftape convert` and `inspect`: what they print, write and refuse, on a small trained model.
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { CLASSIFIER } from './graph/classifier.ts';
import { filesOf } from './graph/open.ts';
import { halftape } from './halftape.ts';
import { suite } from './harness.ts';
import { npy } from './numpy-files.ts';
import { randomOf } from './ops/draws.ts';

const test = suite('command: convert');
let folder: string;
let engine: ht.Engine;
const at = (name: string) => join(folder, name);
const x = Float32Array.from({ length: 160 }, () => 0);

test.before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'halftape-convert-'));
  engine = await ht.open({ seed: 5 });
  const random = randomOf('convert');
  for (const index of x.keys()) x[index] = 2 * random() - 1;
  writeFileSync(at('x.npy'), npy('<f4', [20, 8], x));
  const model = ht.sequential([
    ht.layers.dense({ units: 16, activation: 'relu', inputShape: [8], name: 'hidden' }),
    ht.layers.dense({ units: 3, name: 'logits' }),
    ht.layers.softmax({ name: 'classes' }),
  ]);
  model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
  await model.save(at('model'));
});
test.after(() => {
  engine.close();
  rmSync(folder, { recursive: true });
});

test('plans, verifies, measures, reports and writes', { timeout: 120_000 }, async () => {
  const { status, stdout, stderr } = halftape(
    ...['convert', at('model'), '--out', at('mixed.keras'), '--report', at('page/report.html')],
    ...['--calibrate', at('x.npy'), '--max-error', '1e-2', '--half-weights'],
  );
  assert.is(status, 0, stderr);
  assert.match(stdout, /model: TensorFlow\.js layers-model, 195 weights/);
  assert.match(stdout, /Calibration: .*x\.npy, \(20, 8\)/);
  assert.match(
    stdout,
    /^hidden +float16 +float32 .*^classes +float32 +float32 .*its results are the model's/ms,
  );
  assert.match(stdout, /^classes +\S+ +\S+ % +\S+ +\S+ dB +100 %$/m);
  assert.match(stdout, /The bound of 1 % is kept/);
  assert.match(stdout, /Prediction in mixed_float16: /);
  assert.match(stdout, /mixed\.keras +keras +float16 +[\d,]+ bytes +\S+ % +\S+ % to \S+ % +\S+ %$/m);
  const page = readFileSync(at('page/report.html'), 'utf8');
  assert.is(page.match(/<svg/g)?.length, 4);
  for (const part of ['Error by layer', 'Ranges against float16', 'Time and memory', 'hidden'])
    assert.ok(page.includes(part), part);
  assert.not.match(page, /<(script|link|img)|src=/);
  const [model, mixed] = [await ht.loadModel(at('model')), await ht.loadModel(at('mixed.keras'))];
  assert.equal(
    mixed.layers.map(({ policy }) => policy.name),
    ['mixed_float16', 'mixed_float16', 'float32'],
  );
  const samples = { values: x, shape: [20, 8] };
  const [wide, narrow] = [
    await (await model.predict(samples)).data(),
    await (await mixed.predict(samples)).data(),
  ];
  const furthest = Math.max(...[...wide].map((value, index) => Math.abs(value - narrow[index]!)));
  assert.ok(furthest > 0 && furthest < 1e-2, `${furthest}`);
});

test('a bound that is not kept writes nothing and ends with 1', { timeout: 120_000 }, () => {
  const { status, stdout, stderr } = halftape(
    ...['convert', at('model'), '--calibrate', at('x.npy'), '--max-error', '1e-9', '--out', at('refused')],
  );
  assert.is(status, 1);
  assert.match(stdout, /The bound of 1e-7 % is passed over/);
  assert.match(stderr, /refused: not written, since the bound is not kept; --force writes it/);
  assert.not(existsSync(at('refused')));
});

test('rules by op are explained, verified on random inputs, and kept in the file; --force writes', {
  timeout: 120_000,
}, async () => {
  const { status, stdout, stderr } = halftape(
    'convert',
    at('model'),
    '--rules',
    'tensorflow',
    '--max-error',
    '1e-9',
    '--force',
    '--out',
    at('ops.h5'),
  );
  assert.is(status, 0, stderr);
  assert.match(stdout, /Calibration: random inputs, \(2, 8\); --calibrate measures real ones/);
  assert.match(stdout, /^hidden +matMul +float16 .*\d+ of \d+ ops compute in float16/ms);
  assert.match(stdout, /Prediction in rules 'tensorflow': /);
  const back = await ht.loadModel(at('ops.h5'), { compile: false });
  assert.equal(back.autocast, { rules: 'tensorflow' });
});

test('a graph-model is planned by op, verified and written as one', { timeout: 120_000 }, async () => {
  const graph = at('graph');
  mkdirSync(graph);
  for (const [name, bytes] of Object.entries(filesOf(CLASSIFIER))) writeFileSync(join(graph, name), bytes);
  const { status, stdout, stderr } = halftape(
    ...['convert', graph, '--out', at('half'), '--half-weights', '--max-error', '1e-2'],
    ...['--report', at('graph.html')],
  );
  assert.is(status, 0, stderr);
  assert.match(stdout, /graph: TensorFlow\.js graph-model, [\d,]+ weights/);
  assert.match(stdout, /^conv +conv2d +float16 .*5 of 6 ops compute in float16 by the rules 'tensorflow'/ms);
  assert.match(stdout, /^probabilities .* 100 %$.*The bound of 1 % is kept/ms);
  assert.is(readFileSync(at('graph.html'), 'utf8').match(/<svg/g)?.length, 4);
  const back = await ht.loadGraphModel(at('half'));
  assert.equal(back.autocast, { rules: 'tensorflow' });
  const shown = halftape('inspect', at('half'));
  assert.match(shown.stdout, /^ops +.*_FusedConv2D 1, .*^precision by op +\{"rules":"tensorflow"\}/ms);
  assert.match(shown.stdout, /^k +\(3, 3, 3, 8\) +216 +float16 /m);
  assert.equal(JSON.parse(halftape('inspect', graph, '--json').stdout).outputs[0].name, 'probabilities');
  for (const [args, said] of [
    [
      ['convert', graph, '--out', at('g.h5')],
      /a graph-model is written as one of TensorFlow\.js; name a folder/,
    ],
    [['convert', graph, '--out', at('g'), '--policy', 'float16'], /has ops and no layers; use --rules/],
    [['train', graph, '--data', at('x.npy'), '--out', at('g')], /weights are frozen; train its layers-model/],
  ] as const) {
    const refused = halftape(...args);
    assert.is(refused.status, 1, refused.stderr);
    assert.match(refused.stderr, said);
  }
});

test('what cannot be done is told before work, and leaves nothing behind', { timeout: 120_000 }, () => {
  writeFileSync(at('file'), 'text');
  for (const [args, said] of [
    [[at('file'), '--out', at('a')], /no model of a format that is known; looked for TensorFlow\.js/],
    [[at('model'), '--out', at('file/inside')], /file is a file, no folder/],
    [[at('model'), '--out', at('a'), '--calibrate', at('none.npy')], /ENOENT/],
  ] as const) {
    const { status, stderr } = halftape('convert', ...args);
    assert.is(status, 1, stderr);
    assert.match(stderr, said);
    assert.not.match(stderr, /\.ts:\d/);
  }
  assert.not(existsSync(at('a')));
  assert.equal(
    readdirSync(folder).filter((name) => name.startsWith('.')),
    [],
  );
});

test('inspect shows layers, ranges and training, also of models that cannot be run', () => {
  const { status, stdout } = halftape('inspect', at('model'));
  assert.is(status, 0);
  assert.match(
    stdout,
    /^format +TensorFlow\.js layers-model.*^trained with +optimizer Adam .*^optimizer state +1 array$/ms,
  );
  assert.match(stdout, /^hidden \(Dense\) +\(n, 16\) +float32 \/ float32 +144 +float32 +0\.\d+ +0 +0 +0$/m);
  const json = readFileSync(at('model/model.json'), 'utf8');
  cpSync(at('model'), folder, { recursive: true });
  writeFileSync(at('model.json'), json.replaceAll('"Softmax"', '"Sparsemax"'));
  const found = JSON.parse(halftape('inspect', at('model.json'), '--json').stdout);
  assert.equal([found.weights, found.layers.length], [195, 4]);
  assert.match(found.reason, /Sparsemax/);
});
