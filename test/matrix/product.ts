// Tests on an adapter with matrix units, run by test/matrix/run.ts: each of its products against a plain one.
import * as assert from 'uvu/assert';
import * as ht from '../../src/node.ts';
import { suite } from '../harness.ts';
import { matMul } from '../reference/matmul.ts';
import { assertClose } from '../tolerances.ts';
import { product, productChoice } from './shader.ts';

const test = suite('matrix units');

let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open();
});
test.after(() => engine.close());

test('the adapter lists products of halves that are summed in f32', () => {
  const { matrix, features } = engine.info;
  assert.ok(features.includes('chromium-experimental-subgroup-matrix'), engine.info.adapter);
  assert.ok(
    matrix.some(({ input, output }) => input === 'f16' && output === 'f32'),
    JSON.stringify(matrix),
  );
  console.log(`  ${engine.info.adapter}: ${matrix.map(nameOf).join(', ')}`);
});

test('every product that is summed in f32 is that of plain numbers', async () => {
  const { matrix, features, subgroupSize } = engine.info;
  const threads = subgroupSize![1];
  for (const config of matrix.filter(({ output }) => output === 'f32')) {
    const { m, n, k, input } = config;
    const dtype = input === 'f16' ? 'float16' : 'float32';
    // Quarters from -2 to 2: exact in halves, and so are their products and sums in f32.
    const values = (count: number, step: number) =>
      Array.from({ length: count }, (_, i) => ((i * step) % 17) / 4 - 2);
    const [left, right] = [values(m * k, 5), values(k * n, 7)];
    const a = ht.tensor(left, { dtype, engine });
    const b = ht.tensor(right, { dtype, engine });
    const c = ht.zeros([m * n], 'float32', { engine });
    for (const subgroup of features.includes('subgroup-size-control') ? [0, threads] : [0]) {
      engine.run(product, {
        ...productChoice(config, threads, subgroup),
        bindings: { a: a.storage, b: b.storage, c: c.storage },
        params: { size: 0 },
        workgroups: [1, 1, 1],
      });
      const expected = matMul({ shape: [m, k], data: left }, { shape: [k, n], data: right });
      assertClose(await c.data(), expected.data, { op: nameOf(config), dtype: 'float32', exact: true });
    }
  }
});

function nameOf({ m, n, k, input, output }: ht.MatrixConfig): string {
  return `${m}x${n}x${k} ${input} to ${output}`;
}
