// Every layer of the table: written as a configuration of Keras 2 and of Keras 3, read back, with the same outputs.
import * as assert from 'uvu/assert';
import { filesInMemory } from '../src/convert/files.ts';
import { modelFromConfig } from '../src/convert/keras/read-model.ts';
import { modelToConfig } from '../src/convert/keras/write-model.ts';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';
import { GOLDEN_CASES } from './layers/golden-cases.ts';
import { makers } from './layers/golden-check.ts';
import { LAYER_ROWS } from './layers/table.ts';
import { randomOf, steps } from './ops/draws.ts';
import { sizeOf } from './reference/array.ts';
import { numbers } from './step.ts';

const test = suite('layers as configurations');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open({ seed: 11 });
});
test.after(() => engine.close());

type Functional = ht.Functional<readonly ht.Tensor[], readonly ht.Tensor[]>;

interface Case {
  readonly layer: string;
  readonly options?: object | undefined;
  readonly inputs: readonly (readonly number[])[];
  readonly inner?: { readonly layer: string; readonly config: object } | undefined;
  readonly ids?: number | undefined;
}

const ALL: readonly Case[] = [
  ...LAYER_ROWS,
  ...GOLDEN_CASES.map(({ config, ...row }) => ({ ...row, options: config })),
];
/** One for each set of options. */
const CASES = [
  ...new Map(ALL.map((row) => [JSON.stringify([row.layer, row.options, row.inner]), row])).values(),
];

function modelOf({ layer, options, inputs, inner }: Case): Functional {
  const within = inner && { layer: makers[inner.layer]!(inner.config) };
  const own = makers[layer]!({ ...options, ...within });
  const symbolic = inputs.map((shape) => ht.input({ shape: shape.slice(1) }));
  const outputs = own.apply((symbolic.length > 1 ? symbolic : symbolic[0]!) as never);
  return ht.model({ inputs: symbolic, outputs: [outputs].flat() }) as unknown as Functional;
}

async function outputsOf(model: Functional, { inputs, ids, layer }: Case): Promise<number[][]> {
  const random = randomOf(layer);
  const tensors = inputs.map((shape, i) => {
    const numbered = () => Array.from({ length: sizeOf(shape) }, (_, k) => (k * 7) % ids!);
    const drawn = ids === undefined ? steps(-2, 2).draw(random, shape, i) : numbered();
    return ht.tensor(Float64Array.from(drawn), { shape: [...shape], dtype: 'float32' });
  });
  const outputs = [model.apply(tensors as never)].flat() as unknown as ht.Tensor[];
  return Promise.all(outputs.map(numbers));
}

/** Activations that are another function, or none, in the other version of Keras. */
function dialectsOf({ options }: Case): readonly ('keras2' | 'keras3')[] {
  const { activation } = (options ?? {}) as { activation?: string };
  if (activation === 'legacyHardSigmoid') return ['keras2'];
  return /^hard_?[sS](igmoid|ilu)$/.test(activation ?? '') ? ['keras3'] : ['keras2', 'keras3'];
}

async function check(row: Case, saves: boolean): Promise<void> {
  const name = `${row.layer} ${JSON.stringify(row.options ?? {})}`;
  const model = modelOf(row);
  const expected = await outputsOf(model, row);
  const values = await model.getWeights();
  for (const dialect of dialectsOf(row)) {
    const config = JSON.parse(JSON.stringify(modelToConfig(model as never, dialect)));
    const read = modelFromConfig(config, {
      where: name,
      kerasVersion: dialect === 'keras3' ? '3.0.0' : '2.15.0',
    });
    const again = JSON.parse(JSON.stringify(modelToConfig(read, dialect)));
    // Of operations that layers stand for, such as Add, those layers are written.
    if (row.layer !== 'operation') assert.equal(again, config, `${name}: ${dialect} written again`);
    const other = read as unknown as Functional;
    other.build();
    other.setWeights(values);
    const got = await outputsOf(other, row);
    assert.equal([got].flat(), expected, `${name}: ${dialect}`);
    other.dispose();
  }
  if (!saves) return model.dispose();
  const files = new Map<string, Uint8Array>();
  await model.save(files);
  const loaded = (await ht.loadModel(filesInMemory(files))) as unknown as Functional;
  assert.equal([await outputsOf(loaded, row)].flat(), expected, `${name}: saved and loaded`);
  loaded.dispose();
  model.dispose();
}

for (const layer of new Set(CASES.map((row) => row.layer))) {
  const own = CASES.filter((row) => row.layer === layer);
  test(`${layer}: ${own.length} cases`, async () => {
    for (const [index, row] of own.entries()) await check(row, index === 0);
  });
}
