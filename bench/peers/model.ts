// A layers-model or a graph-model beside TensorFlow.js on WebGPU: npx tsx bench/peers/model.ts <model.json> [128x128x3] [--lent]. Results and times of predictions.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { plan } from '../../src/convert/plan.ts';
import { verify } from '../../src/convert/verify.ts';
import * as ht from '../../src/node.ts';
import { randomOf } from '../../test/ops/draws.ts';
import { openDawn } from './dawn.ts';
import { load } from './packages.ts';
import { timingOf } from './timing.ts';

interface PeerTensor {
  data(): Promise<Float32Array>;
  dispose(): void;
}
interface PeerCore {
  setBackend(name: string): Promise<boolean>;
  tensor(values: Float32Array, shape: readonly number[]): PeerTensor;
}
type Load = (handler: { load(): Promise<object> }) => Promise<{ predict(x: PeerTensor): PeerTensor }>;

const RUNS = 9;

const { values: options, positionals } = parseArgs({
  options: { lent: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const [path, size = '224x224x3'] = positionals;
if (!path) throw new Error('usage: npx tsx bench/peers/model.ts <model.json> [128x128x3] [--lent]');
const shape = [1, ...size.split('x').map(Number)];
const random = randomOf(size);
const values = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, random);

/** The median time of a prediction, the first two left out, and the results of the last. */
async function timed(name: string, predict: () => Promise<Float32Array>): Promise<Float32Array> {
  const times: number[] = [];
  let results: Float32Array = new Float32Array();
  for (let run = 0; run < RUNS + 2; run++) {
    const start = performance.now();
    results = await predict();
    times.push(performance.now() - start);
  }
  const { median, p20, p80 } = timingOf(times.slice(2));
  console.log(`${name}: ${median.toFixed(1)} ms (${p20.toFixed(1)} to ${p80.toFixed(1)})`);
  return results;
}

const json = JSON.parse(readFileSync(path, 'utf8')) as {
  readonly format?: string;
  readonly modelTopology: object;
  readonly weightsManifest: readonly { readonly paths: string[]; readonly weights: object[] }[];
};
const isGraph = json.format === 'graph-model';

interface Own {
  predict(x: ht.Tensor): ht.Tensor;
  dispose(): void;
}

/** A graph's precision is chosen by op, that of layers by a plan, whose differences are printed. */
async function ownModel(path: string, precision: 'float32' | 'mixed'): Promise<Own> {
  if (isGraph) {
    const model = await ht.loadGraphModel(path);
    const predict = (x: ht.Tensor) => model.predict(x) as ht.Tensor;
    return {
      predict: precision === 'mixed' ? (x) => ht.autocast({}, () => predict(x)) : predict,
      dispose: () => model.dispose(),
    };
  }
  const model = (await ht.loadModel(path)) as unknown as ht.Model;
  if (precision === 'mixed') {
    await (await plan(model, { calibration: { values, shape } })).apply(model);
    console.log(String(await verify(model, { values, shape })));
  }
  return { predict: (x) => model.apply(x) as ht.Tensor, dispose: () => model.dispose() };
}

const engine = await ht.open();
const x = ht.tensor(values, { shape });
let own: Float32Array = new Float32Array();
for (const precision of ['float32', 'mixed'] as const) {
  const model = await ownModel(path, precision);
  const predict = ht.jit((input: ht.Tensor) => model.predict(input));
  const results = await timed(`halftape, ${precision}`, async () => {
    const result = predict(x);
    const read = await result.data();
    result.dispose();
    return read as Float32Array;
  });
  if (precision === 'float32') own = results;
  predict.dispose();
  model.dispose();
}
engine.close();

const dawn = await openDawn({ backend: 'webgpu', lentWait: options.lent });
const tf = load<PeerCore>('@tensorflow/tfjs-core');
load('@tensorflow/tfjs-backend-cpu');
load('@tensorflow/tfjs-backend-webgpu');
await tf.setBackend('webgpu');
const shards = json.weightsManifest.flatMap(({ paths }) =>
  paths.map((name) => readFileSync(join(dirname(path), name))),
);
const loadPeer = isGraph
  ? load<{ loadGraphModel: Load }>('@tensorflow/tfjs-converter').loadGraphModel
  : load<{ loadLayersModel: Load }>('@tensorflow/tfjs-layers').loadLayersModel;
const peer = await loadPeer({
  load: async () => ({
    ...json,
    weightSpecs: json.weightsManifest.flatMap(({ weights }) => weights),
    weightData: new Uint8Array(Buffer.concat(shards)).buffer,
  }),
});
const input = tf.tensor(values, shape);
const theirs = await timed(`TensorFlow.js on WebGPU${options.lent ? ', our wait lent' : ''}`, async () => {
  const result = peer.predict(input);
  const read = await dawn.wait(result.data());
  result.dispose();
  return read;
});
const most = theirs.reduce((worst, value, i) => Math.max(worst, Math.abs(value - own[i]!)), 0);
console.log(`float32 results: at most ${most.toExponential(1)} apart`);
process.exit(0);
