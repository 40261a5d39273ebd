// Graph-models beside TensorFlow.js's CPU backend: npx tsx bench/peers/graph-model.ts <model.json> [node] [--size 64]. Prints how far each output is off.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import * as ht from '../../src/node.ts';
import { randomOf } from '../../test/ops/draws.ts';
import { load } from './packages.ts';

interface PeerTensor {
  readonly shape: number[];
  data(): Promise<ArrayLike<number>>;
}
interface PeerModel {
  executeAsync(
    inputs: Record<string, PeerTensor>,
    outputs: readonly string[],
  ): Promise<PeerTensor | PeerTensor[]>;
}
interface PeerCore {
  setBackend(name: string): Promise<boolean>;
  tensor(values: ArrayLike<number>, shape: readonly number[], dtype: string): PeerTensor;
}
interface PeerConverter {
  loadGraphModel(handler: { load(): Promise<object> }): Promise<PeerModel>;
}
interface ModelJson {
  readonly modelTopology: { readonly node: readonly object[] };
  readonly weightsManifest: readonly { readonly paths: string[]; readonly weights: object[] }[];
}

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { size: { type: 'string', default: '64' } },
});
const [path, chosen] = positionals;
if (!path) throw new Error('usage: npx tsx bench/peers/graph-model.ts <model.json> [node] [--size 64]');
const json = JSON.parse(readFileSync(path, 'utf8')) as ModelJson;

const since = (start: number) => `${(performance.now() - start).toFixed(0)} ms`;
const engine = await ht.open();
const start = performance.now();
const model = await ht.loadGraphModel(path);
console.log(`${path}: ${json.modelTopology.node.length} nodes, loaded in ${since(start)}`);
const outputs = chosen
  ? [chosen]
  : model.outputs.map(({ endpoint }) => `${endpoint.node}:${endpoint.output}`);

/** The first size that is not given is the batch; sides of images get the option. */
const inputs = model.inputs.map(({ endpoint, shape, dtype = 'float32' }) => {
  const sizes = (shape ?? []).map((size, axis) => {
    return size >= 0 ? size : axis === 0 ? 1 : Number(options.size);
  });
  const random = randomOf(endpoint.node);
  const count = sizes.reduce((product, size) => product * size, 1);
  const values = Array.from({ length: count }, () =>
    dtype === 'int32' ? Math.floor(random() * 256) : dtype === 'bool' ? random() < 0.5 : random(),
  ).map(Number);
  return { name: endpoint.node, shape: sizes, values, dtype };
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
const peerInputs = Object.fromEntries(
  inputs.map(({ name, values, shape, dtype }) => [name, tf.tensor(values, shape, dtype)] as const),
);
const peerStart = performance.now();
const expected = await Promise.all(
  [await peer.executeAsync(peerInputs, outputs)]
    .flat()
    .map(async (y) => ({ shape: y.shape, values: await y.data() })),
);
console.log(`TensorFlow.js, CPU: ${since(peerStart)}`);

const own = Object.fromEntries(
  inputs.map(({ name, values, shape, dtype }) => [
    name,
    ht.tensor(dtype === 'float32' ? Float32Array.from(values) : Int32Array.from(values), { shape, dtype }),
  ]),
);
const report = async (name: string, run: () => Promise<(ht.Tensor | null)[]>) => {
  const results = await run();
  const differences = await Promise.all(
    results.map(async (y, i) => {
      const { shape, values } = expected[i]!;
      if (`${y?.shape}` !== `${shape}`)
        return y || values.length > 0 ? `(${y?.shape}) INSTEAD OF (${shape})` : 'both empty';
      const found = await y!.data();
      let [most, largest] = [0, 0];
      for (const [j, value] of found.entries()) {
        const off = Math.abs(Number(value) - values[j]!);
        most = off > most || Number.isNaN(off) ? off : most;
        largest = Math.max(largest, Math.abs(values[j]!));
      }
      return `${most.toExponential(1)} of ${largest.toPrecision(3)}`;
    }),
  );
  const again = performance.now();
  await Promise.all((await run()).map((y) => y?.data()));
  console.log(`${name}: off by ${differences.join(', ')}; ${since(again)}`);
};
/** `execute` as far as it goes. */
const isStatic = await Promise.resolve()
  .then(() => ht.tidy(() => void model.execute(own, outputs)))
  .then(
    () => true,
    (error: Error) => {
      if (!/executeAsync/.test(error.message)) throw error;
      return false;
    },
  );
const run = async () =>
  [isStatic ? model.execute(own, outputs) : await model.executeAsync(own, outputs)].flat();
await report(isStatic ? 'float32' : 'float32, executeAsync', run);
for (const rules of ['tensorflow', 'pytorch'] as const) {
  model.autocast = { rules };
  await report(`autocast, ${rules}`, run);
}
engine.close();
