// Every layer of the table: values and gradients against f64, shapes, weights, and the same as part of a functional model.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';
import type { LayerRow } from './layers/row.ts';
import { LAYER_ROWS } from './layers/table.ts';
import { randomOf, steps } from './ops/draws.ts';
import type { Plain } from './reference/array.ts';
import { castValue } from './reference/cast.ts';
import { derivative } from './reference/difference.ts';
import { numbers } from './step.ts';
import { assertClose } from './tolerances.ts';

const test = suite('layer table');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open({ seed: 7 });
});
test.after(() => engine.close());

type AnyLayer = ht.Layer<ht.Tensor | readonly ht.Tensor[], ht.Tensor>;

function made({ layer, options }: LayerRow, dtype: ht.PolicyName): AnyLayer {
  return (ht.layers[layer] as unknown as (options: object) => AnyLayer)({ ...options, dtype });
}

async function checkRow(row: LayerRow, policy: ht.PolicyName): Promise<void> {
  const { inputs, terms = 1, reference, draws = steps(-2, 2) } = row;
  const { computeDtype } = new ht.Policy(policy);
  const op = `${row.layer} ${JSON.stringify(row.options ?? {})} (${inputs.join('), (')})`;
  const random = randomOf(op);
  const draw = (shape: readonly number[], position: number): Plain => {
    const data = draws.draw(random, shape, position).map((value) => castValue(value, 'float16'));
    return { shape, data };
  };
  const layer = made(row, policy);
  const samples = inputs.map((shape) => shape.slice(1));
  layer.build(inputs.length > 1 ? samples : samples[0]!, engine);
  const shapes = [...inputs, ...layer.weights.map(({ shape }) => shape)];
  const values = shapes.map(draw);
  layer.setWeights(values.slice(inputs.length).map(({ data }) => data));
  const tensors = values
    .slice(0, inputs.length)
    .map(({ shape, data }) => ht.tensor(Float64Array.from(data), { shape, dtype: 'float32' }));
  const given = tensors.length > 1 ? tensors : tensors[0]!;

  const expected = reference(...values);
  const tape = new ht.GradientTape();
  tape.watch(...tensors);
  const y = tape.record(() => layer.apply(given));
  assert.equal(layer.outputShape(inputs.length > 1 ? samples : samples[0]!), expected.shape.slice(1), op);
  assert.equal([y.shape, y.dtype], [expected.shape, computeDtype], op);
  assertClose(await numbers(y), expected.data, { op, dtype: computeDtype, terms });

  const symbolic = inputs.map((shape) => ht.input({ shape: shape.slice(1) }));
  const many = symbolic.length > 1;
  const output = layer.apply(many ? symbolic : symbolic[0]!) as ht.Symbolic;
  assert.equal(output.shape, [null, ...expected.shape.slice(1)]);
  const model = ht.model({ inputs: many ? symbolic : symbolic[0]!, outputs: output });
  assert.equal(await numbers(model.apply(given as ht.Tensor)), await numbers(y), `${op} in a model`);

  const upstream = draw(expected.shape, shapes.length);
  const outputGradients = ht.tensor(Float64Array.from(upstream.data), {
    shape: y.shape,
    dtype: computeDtype,
  });
  const gradients = tape.gradient(y, [...tensors, ...layer.weights], { outputGradients });
  const f = (arrays: readonly Plain[]) =>
    reference(...arrays).data.reduce((sum, value, index) => sum + value * upstream.data[index]!, 0);
  for (const [place, gradient] of gradients.entries()) {
    const direction = values.map(({ data }, k) => data.map(() => (k === place ? 2 * random() - 1 : 0)));
    const got = (await numbers(gradient)).reduce((sum, value, j) => sum + value * direction[place]![j]!, 0);
    const comparison = { op: `${op}: gradient ${place}`, dtype: computeDtype, pass: 'gradient' } as const;
    assertClose([got], [derivative(f, values, direction)], {
      ...comparison,
      terms: values[place]!.data.length,
    });
  }
  model.dispose();
}

for (const layer of new Set(LAYER_ROWS.map((row) => row.layer))) {
  const own = LAYER_ROWS.filter((row) => row.layer === layer);
  test(`${layer}: ${own.length} rows, values and gradients`, async () => {
    for (const row of own)
      for (const policy of row.policies ?? (['float32', 'mixed_float16'] as const))
        await checkRow(row, policy);
  });
}
