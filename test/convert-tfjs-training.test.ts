// Optimizers in TensorFlow.js layers-models: its own files go on as they did there, and what is written is what it writes.
import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { filesInMemory } from '../src/convert/files.ts';
import { Place } from '../src/convert/json.ts';
import { tensorsIn } from '../src/convert/tfjs/manifest.ts';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';

const test = suite('optimizers in TensorFlow.js models');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open({ seed: 6 });
});
test.after(() => engine.close());

interface Values {
  readonly shape: number[];
  readonly values: number[];
}
interface Case {
  readonly name: string;
  readonly modelTopology: object;
  readonly trainingConfig: { readonly optimizer_config: { readonly config: Record<string, unknown> } };
  readonly weightSpecs: readonly { readonly name: string; readonly group?: string }[];
  readonly data: string;
  /** All weights after `steps` more. */
  readonly then: readonly number[];
}
const { steps, x, y, cases } = JSON.parse(
  readFileSync(new URL('fixtures/tfjs-training.json', import.meta.url), 'utf8'),
) as { steps: number; x: Values; y: Values; cases: readonly Case[] };

type Model = ht.Model<ht.Tensor, ht.Tensor>;

function filesOf({ modelTopology, trainingConfig, weightSpecs, data }: Case): Map<string, Uint8Array> {
  const json = {
    ...{ format: 'layers-model', modelTopology, trainingConfig },
    weightsManifest: [{ paths: ['weights.bin'], weights: weightSpecs }],
  };
  return new Map([
    ['model.json', new TextEncoder().encode(JSON.stringify(json))],
    ['weights.bin', Uint8Array.from(Buffer.from(data, 'base64'))],
  ]);
}

const open = (files: Map<string, Uint8Array>) =>
  ht.loadModel(filesInMemory(files), { compile: true }) as Promise<Model>;

/** All weights after some steps on the whole batch. */
async function trained(model: Model): Promise<number[]> {
  const given = [x, y].map(({ shape, values }) => ({ values: Float32Array.from(values), shape }));
  await model.fit(given[0]!, given[1]!, {
    epochs: steps,
    batchSize: x.shape[0]!,
    shuffle: false,
    verbose: 0,
  });
  const weights = await model.getWeights();
  return weights.flatMap((values) => Array.from(values));
}

function assertNear(got: readonly number[], wanted: readonly number[], allowed: number, what: string): void {
  assert.is(got.length, wanted.length, what);
  for (const [i, value] of wanted.entries())
    assert.ok(
      Math.abs(got[i]! - value) <= allowed * (1 + Math.abs(value)),
      `${what}: ${i} is ${got[i]}, not ${value}`,
    );
}

interface Saved {
  readonly json: { trainingConfig?: Case['trainingConfig']; modelTopology: { training_config: object } };
  readonly tensors: readonly { readonly name: string; readonly values: readonly number[] }[];
}

/** The optimizer's tensors in files, and what stands beside them. */
async function savedIn(files: Map<string, Uint8Array>): Promise<Saved> {
  const json = JSON.parse(new TextDecoder().decode(files.get('model.json')!));
  const all = await tensorsIn(new Place('x', json.weightsManifest), filesInMemory(files));
  const own = all.filter(({ group }) => group === 'optimizer');
  const tensors = own.map(async ({ name, read }) => ({ name, values: Array.from(await read()) }));
  return { json, tensors: await Promise.all(tensors) };
}

/** Steps there that are not Keras's: Adadelta divides by the mean of squares that was before the step. */
const OTHER_RULES = ['adadelta'];

for (const row of cases) {
  test(`${row.name}: goes on as it does there, also from files that we write`, async () => {
    const model = await open(filesOf(row));
    const files = new Map<string, Uint8Array>();
    await model.save(files as never);
    const then = await trained(model);
    if (!OTHER_RULES.includes(row.name)) assertNear(then, row.then, 2e-5, row.name);
    model.dispose();

    const [theirs, ours] = [await savedIn(filesOf(row)), await savedIn(files)];
    const { optimizer_config: wanted, ...rest } = row.trainingConfig;
    const { optimizer_config: got, ...own } = ours.json.trainingConfig!;
    assert.equal(own, rest);
    assert.equal(got, wanted);
    assert.equal(
      ours.tensors.map(({ name }) => name),
      theirs.tensors.map(({ name }) => name.replace(/_\d+(?=\/\w+$)/, '')),
    );
    // Without momentum, what it keeps of it has no use.
    for (const [i, { name, values }] of theirs.tensors.entries())
      if (!(row.name.endsWith('without momentum') && name.endsWith('/momentum')))
        assertNear(ours.tensors[i]!.values, values, 1e-6, name);

    const again = await open(files);
    assertNear(await trained(again), then, 2e-5, `${row.name}, written and read`);
    again.dispose();
  });
}

test('a loss scale comes back, and what TensorFlow.js has no form for', async () => {
  for (const optimizer of [
    new ht.LossScaleOptimizer(ht.optimizers.adam({ learningRate: 0.1 }), {
      initialScale: 2 ** 12,
      growthSteps: 2,
    }),
    ht.optimizers.adamW({ learningRate: 0.1, weightDecay: 0.01 }),
    ht.optimizers.nadam({ learningRate: 0.1 }),
  ]) {
    const scaled = optimizer instanceof ht.LossScaleOptimizer;
    const model = ht.sequential([
      ht.layers.dense({ name: 'only', units: 2, inputShape: [3] }),
    ]) as unknown as Model;
    model.compile({ optimizer, loss: 'meanSquaredError' });
    await trained(model);
    const files = new Map<string, Uint8Array>();
    await model.save(files as never);
    const { json } = await savedIn(files);
    assert.is(json.trainingConfig !== undefined, scaled);
    const loaded = await open(files);
    assert.equal(loaded.optimizer.constructor, optimizer.constructor);
    const scaleOf = async (one: unknown) =>
      (await (one as ht.LossScaleOptimizer).innerOptimizer.state()).scale.scale;
    if (scaled) assert.is(await scaleOf(loaded.optimizer), await scaleOf(optimizer));
    assert.equal(await trained(loaded), await trained(model));
    for (const one of [model, loaded]) one.dispose();
  }
});
