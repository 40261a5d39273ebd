// A graph-model beside TensorFlow.js's CPU backend: npx tsx bench/peers/graph-model.ts <model.json> [node]. Prints what differs.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as ht from '../../src/node.ts';
import { randomOf } from '../../test/ops/draws.ts';
import { load } from './packages.ts';

interface PeerTensor {
  readonly shape: number[];
  dataSync(): Float32Array;
}
interface PeerModel {
  execute(inputs: Record<string, PeerTensor>, output: string): PeerTensor;
}
interface PeerCore {
  setBackend(name: string): Promise<boolean>;
  tensor(values: Float32Array, shape: readonly number[]): PeerTensor;
}
interface PeerConverter {
  loadGraphModel(handler: { load(): Promise<object> }): Promise<PeerModel>;
}
interface ModelJson {
  readonly modelTopology: object;
  readonly weightsManifest: readonly { readonly paths: string[]; readonly weights: object[] }[];
}

const [path, chosen] = process.argv.slice(2);
if (!path) throw new Error('usage: npx tsx bench/peers/graph-model.ts <model.json> [node]');
const json = JSON.parse(readFileSync(path, 'utf8')) as ModelJson;

const engine = await ht.open();
const model = await ht.loadGraphModel(path);
const output = chosen ?? model.outputNodes[0]!;
const inputs = model.inputs.map(({ endpoint, shape }) => {
  const sizes = (shape ?? []).map((size) => (size < 0 ? 1 : size));
  const random = randomOf(endpoint.node);
  const count = sizes.reduce((product, size) => product * size, 1);
  return { name: endpoint.node, shape: sizes, values: Float32Array.from({ length: count }, random) };
});

const tf = load<PeerCore>('@tensorflow/tfjs-core');
load('@tensorflow/tfjs-backend-cpu');
const { loadGraphModel } = load<PeerConverter>('@tensorflow/tfjs-converter');
await tf.setBackend('cpu');
const bytes = json.weightsManifest.flatMap(({ paths }) =>
  paths.map((name) => readFileSync(join(dirname(path), name))),
);
const weightData = new Uint8Array(Buffer.concat(bytes)).buffer;
const weightSpecs = json.weightsManifest.flatMap(({ weights }) => weights);
const peer = await loadGraphModel({ load: async () => ({ ...json, weightSpecs, weightData }) });
const peerInputs = inputs.map(({ name, values, shape }) => [name, tf.tensor(values, shape)] as const);
const expected = peer.execute(Object.fromEntries(peerInputs), output).dataSync();

const own = Object.fromEntries(inputs.map(({ name, values, shape }) => [name, ht.tensor(values, { shape })]));
const run = () => model.execute(own, output) as ht.Tensor;
const report = async (name: string, fn: () => ht.Tensor) => {
  const values = await fn().data();
  let most = 0;
  for (const [i, value] of values.entries()) most = Math.max(most, Math.abs(value - expected[i]!));
  const top = (list: ArrayLike<number>) => Array.from(list).indexOf(Math.max(...Array.from(list)));
  const start = performance.now();
  await fn().data();
  const took = performance.now() - start;
  console.log(
    `${name}: at most ${most.toExponential(2)} off, first ${top(values) === top(expected) ? 'the same' : 'ANOTHER'}, ${took.toFixed(0)} ms`,
  );
};
await report('float32', run);
for (const rules of ['tensorflow', 'pytorch'] as const) {
  const mixed = ht.jit((x: typeof own) =>
    ht.autocast({ rules }, () => model.execute(x, output) as ht.Tensor),
  );
  await report(`autocast, ${rules}`, () => mixed(own));
}
engine.close();
