// Thousands of mutated graph-models and SavedModels: each is read, or refused with an error of ours, soon.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { drawn } from './graph/build.ts';
import { CLASSIFIER } from './graph/classifier.ts';
import { BRANCHED, DOUBLED, ROWS } from './graph/loops.ts';
import { filesOf } from './graph/open.ts';
import { suite } from './harness.ts';
import { type Random, randomOf } from './ops/draws.ts';
import { maskedSum, word } from './saved-model/encode.ts';
import { kerasSavedModel, type SavedLayer } from './saved-model/keras.ts';
import { MODEL } from './saved-model/model.ts';
import { signatureSavedModel } from './saved-model/signature.ts';

const test = suite('mutated models');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open({ memoryBudget: 2 ** 26 });
});
test.after(() => engine.close());

type Files = Record<string, Uint8Array>;

/** A few bytes changed, taken out or doubled, or the end cut off. */
function mutated(bytes: Uint8Array, random: Random): Uint8Array {
  const at = () => Math.floor(random() * bytes.length);
  const kind = random();
  if (kind < 0.1) return bytes.slice(0, at());
  if (kind < 0.2) {
    const [from, to] = [at(), at()].sort((a, b) => a - b) as [number, number];
    return Uint8Array.from([...bytes.slice(0, from), ...bytes.slice(to)]);
  }
  if (kind < 0.3) {
    const from = at();
    return Uint8Array.from([...bytes.slice(0, from), ...bytes.slice(from, from + 20), ...bytes.slice(from)]);
  }
  const changed = Uint8Array.from(bytes);
  for (let i = 0; i < 1 + random() * 3; i++)
    changed[at()] =
      random() < 0.5 ? Math.floor(random() * 256) : [0, 1, 0x7f, 0x80, 0xff][Math.floor(random() * 5)]!;
  return changed;
}

/** JSON with one of its values replaced by one that no model has there. */
function twisted(text: string, random: Random): string {
  const values = [
    'null',
    '-1',
    '1e9',
    '4294967296',
    '"x"',
    '[]',
    '{}',
    'true',
    '""',
    '1.5',
    '"9223372036854775807"',
  ];
  const found = [...text.matchAll(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?|true|false|\[\]|\{\}/g)];
  const chosen = found[Math.floor(random() * found.length)]!;
  const value = values[Math.floor(random() * values.length)]!;
  return text.slice(0, chosen.index) + value + text.slice(chosen.index + chosen[0].length);
}

/** Opens, runs and frees; what is thrown must be ours. Gives whether it was read. */
async function survives(name: string, open: () => Promise<{ dispose(): void }>): Promise<boolean> {
  const start = performance.now();
  const model = await open().catch((error: unknown) => {
    assert.instance(error, ht.HalftapeError, `${name}: ${error instanceof Error ? error.stack : error}`);
  });
  model?.dispose();
  assert.ok(performance.now() - start < 5000, `${name}: took ${performance.now() - start} ms`);
  return model !== undefined;
}

async function all(name: string, count: number, make: (random: Random) => Promise<{ dispose(): void }>) {
  let read = 0;
  for (let i = 0; i < count; i++)
    if (await survives(`${name} ${i}`, async () => make(randomOf(`${name} ${i}`)))) read++;
  assert.ok(read < count, `${name}: ${read} of ${count} were read`);
}

const kernel = { name: 'kernel', shape: [4, 2], values: drawn('k', 8) };
const LAYERS: readonly SavedLayer[] = [
  {
    name: 'dense',
    className: 'Dense',
    config: { units: 2, batch_input_shape: [null, 4] },
    weights: [kernel, { name: 'bias', shape: [2], values: [1, 2] }],
  },
];

function changed(files: Files, name: string, random: Random): Files {
  return { ...files, [name]: mutated(files[name]!, random) };
}

test('graph-models: bytes, and values of JSON', async () => {
  const files = filesOf(CLASSIFIER);
  const text = new TextDecoder().decode(files['model.json']);
  await all('bytes of model.json', 700, (random) => ht.loadGraphModel(changed(files, 'model.json', random)));
  await all('values of model.json', 1500, (random) =>
    ht.loadGraphModel({ ...files, 'model.json': new TextEncoder().encode(twisted(text, random)) }),
  );
});

test('graph-models that are read can be run, or refuse to', async () => {
  const files = filesOf(CLASSIFIER);
  const text = new TextDecoder().decode(files['model.json']);
  const x = ht.ones([1, 8, 8, 3]);
  for (let i = 0; i < 150; i++) {
    const json = new TextEncoder().encode(twisted(text, randomOf(`run ${i}`)));
    const model = await ht.loadGraphModel({ ...files, 'model.json': json }).catch(() => undefined);
    if (!model) continue;
    try {
      ht.tidy(() => void model.predict(x));
    } catch (error) {
      assert.instance(error, ht.HalftapeError, `${i}: ${(error as Error).stack}`);
    }
    model.dispose();
  }
});

test('graphs with loops, branches and lists run, or refuse to, whatever was changed', async () => {
  const x = ht.ones([3, 2]);
  const given = {
    ...{ x, limit: ht.tensor(9), p: ht.reshape(ht.tensor([true]), []) },
  } as Record<string, ht.Tensor>;
  for (const [kind, graph] of [ROWS, DOUBLED, BRANCHED].entries()) {
    const files = filesOf(graph);
    const text = new TextDecoder().decode(files['model.json']);
    for (let i = 0; i < 150; i++) {
      const name = `flow ${kind} ${i}`;
      const json = new TextEncoder().encode(twisted(text, randomOf(name)));
      await survives(name, async () => {
        const model = await ht.loadGraphModel({ ...files, 'model.json': json });
        const inputs = model.inputs.map((port) => [port.name, given[port.name] ?? x] as const);
        await model.executeAsync(Object.fromEntries(inputs), undefined, { maxIterations: 50 });
        return model;
      });
    }
  }
});

test('SavedModels: the graph, the metadata, the index with its sums made right', async () => {
  const signature = signatureSavedModel(MODEL);
  await all('graph', 1500, (random) => ht.loadGraphModel(changed(signature, 'saved_model.pb', random)));
  const keras = kerasSavedModel(LAYERS, { optimizer: { iterations: 1, lossScale: 2, goodSteps: 3 } });
  for (const name of ['saved_model.pb', 'keras_metadata.pb', 'variables/variables.index'])
    await all(name, 500, (random) => ht.loadModel(changed(keras, name, random), { compile: false }));
  await all('sums', 700, (random) => {
    const index = Uint8Array.from(keras['variables/variables.index']!);
    // The first block ends where its sum is.
    const size = blockSize(index);
    const block = mutated(index.slice(0, size), random).slice(0, size);
    index.set(block);
    index.set(word(maskedSum(index.subarray(0, size + 1))), size + 1);
    return ht.loadModel({ ...keras, 'variables/variables.index': index }, { compile: false });
  });
});

function blockSize(index: Uint8Array): number {
  const view = new DataView(index.buffer);
  return index.findIndex((_, at) => view.getUint32(at + 1, true) === maskedSum(index.subarray(0, at + 1)));
}

test('declared sizes are not believed', async () => {
  const files = signatureSavedModel(MODEL);
  const huge = Uint8Array.of(18, 255, 255, 255, 255, 255, 255, 255, 255, 127);
  for (const bytes of [
    huge,
    Uint8Array.of(18, 5, 18, 200),
    new Uint8Array(11).fill(255),
    Uint8Array.of(3),
    Uint8Array.of(0),
  ])
    assert.not.ok(await survives('huge', () => ht.loadGraphModel({ ...files, 'saved_model.pb': bytes })));
  const deep = '['.repeat(100_000);
  assert.not.ok(
    await survives('deep', () =>
      ht.loadGraphModel({ 'model.json': new TextEncoder().encode(`{"a":${deep}`) }),
    ),
  );
});
