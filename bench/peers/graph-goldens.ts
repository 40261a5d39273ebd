// Writes test/graph/goldens.json, the results of TensorFlow.js. npm ci --prefix bench/peers, then npx tsx bench/peers/graph-goldens.ts.
import { writeFileSync } from 'node:fs';
import type { Built } from '../../test/graph/build.ts';
import { caseGraph, caseName, caseOutputs } from '../../test/graph/case-graph.ts';
import { GRAPH_CASES } from '../../test/graph/cases.ts';
import { load } from './packages.ts';

interface PeerTensor {
  readonly shape: number[];
  readonly dtype: string;
  dataSync(): ArrayLike<number>;
}
interface PeerModel {
  executeAsync(inputs: Record<string, PeerTensor>, outputs: string[]): Promise<PeerTensor | PeerTensor[]>;
}
interface PeerCore {
  setBackend(name: string): Promise<boolean>;
  tensor(values: readonly number[], shape: readonly number[], dtype: string): PeerTensor;
}
interface PeerConverter {
  loadGraphModel(handler: { load(): Promise<object> }): Promise<PeerModel>;
}

const tf = load<PeerCore>('@tensorflow/tfjs-core');
load('@tensorflow/tfjs-backend-cpu');
const { loadGraphModel } = load<PeerConverter>('@tensorflow/tfjs-converter');
await tf.setBackend('cpu');

/** The model as TensorFlow.js's own reader gives it to the graph. */
function opened({ json, weights }: Built): Promise<PeerModel> {
  const { modelTopology, weightsManifest, format } = json as {
    modelTopology: object;
    weightsManifest: { weights: object[] }[];
    format: string;
  };
  const weightSpecs = weightsManifest.flatMap((group) => group.weights);
  return loadGraphModel({
    load: async () => ({ modelTopology, format, weightSpecs, weightData: weights.slice().buffer }),
  });
}

const rounded = (value: number) => Number(value.toPrecision(8));
const goldens: object[] = [];
let failures = 0;
for (const row of GRAPH_CASES) {
  try {
    const graph = caseGraph(row);
    const model = await opened(graph);
    const inputs = Object.entries(graph.inputs).map(([name, { values, shape, dtype }]) => {
      return [name, tf.tensor(values, shape, dtype)] as const;
    });
    const results = [await model.executeAsync(Object.fromEntries(inputs), caseOutputs(row))].flat();
    goldens.push({
      name: caseName(row),
      outputs: results.map((y) => ({ shape: y.shape, values: Array.from(y.dataSync(), rounded) })),
    });
  } catch (error) {
    failures++;
    console.error(`${caseName(row)}: ${(error as Error).message}`);
  }
}
const path = new URL('../../test/graph/goldens.json', import.meta.url);
if (failures === 0) writeFileSync(path, `[\n${goldens.map((row) => JSON.stringify(row)).join(',\n')}\n]\n`);
console.log(`${goldens.length} cases, ${failures} failed`);
process.exitCode = failures > 0 ? 1 : 0;
