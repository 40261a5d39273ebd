// Every layer against TensorFlow.js: results, and inputs and weights after one step of gradient descent.
import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';
import { GOLDEN_CASES, type Golden, goldenName } from './layers/golden-cases.ts';
import { checkCase, makers } from './layers/golden-check.ts';
import { sizeOf } from './reference/array.ts';

const test = suite('layers against TensorFlow.js');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open({ seed: 5 });
});
test.after(() => engine.close());

const goldens: readonly Golden[] = JSON.parse(
  readFileSync(new URL('layers/goldens.json', import.meta.url), 'utf8'),
);

/** Layers that TensorFlow.js does not have: they are in the layer table. */
const OWN: readonly (keyof typeof ht.layers)[] = [
  ...(['cropping1D', 'groupNormalization', 'multiHeadAttention', 'rmsNormalization'] as const),
  ...([
    'centerCrop',
    'identity',
    'layerScale',
    'normalization',
    'operation',
    'resizing',
    'stochasticDepth',
  ] as const),
  ...(['thresholdedReLU', 'unitNormalization'] as const),
  ...(['additiveAttention', 'attention', 'conv1dTranspose', 'customScaleLayer', 'depthwiseConv1d'] as const),
  ...(['randomBrightness', 'randomContrast', 'randomCrop', 'randomFlip', 'randomRotation'] as const),
  ...(['randomTranslation', 'randomZoom', 'separableConv1d'] as const),
  ...(['categoryEncoding', 'discretization', 'einsumDense', 'integerLookup'] as const),
  ...(['spatialDropout2d', 'subtract', 'upSampling1d', 'zeroPadding1d'] as const),
  ...(['cropping3D', 'globalAveragePooling3d', 'globalMaxPooling3d', 'spatialDropout3d'] as const),
  ...(['upSampling3d', 'zeroPadding3d'] as const),
];

test('every layer has a case, every case its golden result, and every golden result its case', () => {
  const cased = new Set([
    ...GOLDEN_CASES.map(({ layer }) => makers[layer]),
    ...OWN.map((name) => makers[name]),
  ]);
  for (const [name, make] of Object.entries(makers))
    assert.ok(cased.has(make), `no case of ${name} in test/layers/golden-*.ts`);
  assert.equal(
    goldens.map(({ name }) => name),
    GOLDEN_CASES.map(goldenName),
    'run: npx tsx bench/peers/layer-goldens.ts',
  );
  for (const [i, row] of GOLDEN_CASES.entries())
    assert.ok(goldens[i]!.y.length >= sizeOf(row.inputs[0]!.slice(0, 1)), goldens[i]!.name);
});

for (const layer of new Set(GOLDEN_CASES.map((row) => row.layer))) {
  const own = GOLDEN_CASES.flatMap((row, i) => (row.layer === layer ? [[row, goldens[i]!] as const] : []));
  test(`${layer}: ${own.length} cases, in float32 and mixed`, async () => {
    for (const [row, golden] of own)
      for (const policy of ['float32', 'mixed_float16'] as const)
        await checkCase(row, golden, policy, engine);
  });
}
