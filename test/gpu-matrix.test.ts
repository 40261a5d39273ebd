// Tests of matrix units: what an engine says of them, how shaders reach them, and files run on an adapter that has them.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';
import { libraries } from '../src/generated/shaders.ts';
import { specialise } from '../src/gpu/specialise.ts';
import * as ht from '../src/node.ts';
import { assertRejects } from './assert-throws.ts';
import { suite } from './harness.ts';
import { product, productChoice } from './matrix/shader.ts';
import { compile, openNullEngine } from './null-engine.ts';

/** Test files that need matrix units, or are to be run on them too. */
const ON_MATRIX_UNITS = ['test/matrix/product.ts', 'test/matrix/gemm.ts'];
/** Fetching its driver must end before the file counts as blocked while loading. */
const FETCH_S = 90;
const NOT_TO_BE_HAD = 75;

const root = fileURLToPath(new URL('..', import.meta.url));
const CONFIGS = [
  { m: 16, n: 16, k: 16, input: 'f16', output: 'f32' },
  { m: 16, n: 8, k: 16, input: 'f16', output: 'f32' },
  { m: 8, n: 16, k: 16, input: 'f16', output: 'f32' },
  { m: 8, n: 8, k: 8, input: 'f16', output: 'f32' },
  { m: 8, n: 8, k: 8, input: 'f32', output: 'f32' },
] as const satisfies readonly ht.MatrixConfig[];

const test = suite('matrix units, here');

test('an engine lists the products that shaders may use, and none without the feature', async () => {
  const engine = await ht.open();
  assert.ok(Array.isArray(engine.info.matrix) && Object.isFrozen(engine.info.matrix));
  const has = engine.info.features.includes('chromium-experimental-subgroup-matrix');
  assert.ok(has || engine.info.matrix.length === 0);
  for (const { m, n, k, input, output } of engine.info.matrix) {
    assert.ok([m, n, k].every((size) => Number.isInteger(size) && size > 0));
    assert.ok(/^f(16|32)$/.test(input) && /^f(16|32)$/.test(output));
  }
  engine.close();
  const told = await openNullEngine({ matrix: CONFIGS, subgroupSize: [16, 32] });
  assert.equal([told.info.matrix, told.info.subgroupSize], [CONFIGS, [16, 32]]);
  told.close();
});

test('integer products are left out', async () => {
  const matrix = [{ m: 8, n: 8, k: 8, input: 'u8', output: 'u32' }, CONFIGS[0]] as ht.MatrixConfig[];
  const engine = await openNullEngine({ matrix });
  assert.equal(engine.info.matrix, [CONFIGS[0]]);
  engine.close();
});

test('a shader has the extensions that it mentions, and a subgroup size only where one is chosen', () => {
  const [half, single] = [CONFIGS[3], CONFIGS[4]].map((config) =>
    specialise(product, productChoice(config, 32, 32), libraries),
  );
  const matrices = 'enable subgroups; enable chromium_experimental_subgroup_matrix; ';
  assert.ok(half!.startsWith(`enable f16; ${matrices}enable subgroup_size_control; // c = a b`), half);
  assert.ok(single!.startsWith(`${matrices}enable subgroup_size_control; // c = a b`), single);
  const free = specialise(product, productChoice(CONFIGS[4], 128, 0), libraries);
  assert.ok(free.startsWith(`${matrices}// c = a b`), free);
  assert.match(free, '\n@compute @workgroup_size(THREADS)\n');
  const written = { ...product, source: product.source.replace('<In, FK, FM>', '<f16, FK, FM>') };
  assert.match(specialise(written, productChoice(CONFIGS[4], 32, 32), libraries), /^enable f16; /);
  const noted = { ...product, source: '// No subgroup_matrix_left<f16> and no @subgroup_size here.\n' };
  assert.not.match(specialise(noted, productChoice(CONFIGS[4], 32, 32), libraries), 'enable');
});

test('every size of product compiles', async () => {
  const engine = await openNullEngine();
  for (const config of CONFIGS) {
    await compile(engine, product, productChoice(config, 32, 32));
    await compile(engine, product, productChoice(config, engine.info.subgroupSize![1], 0));
  }
  engine.close();
});

test('what is refused names file, line and pipeline', async () => {
  const engine = await openNullEngine();
  const choice = productChoice(CONFIGS[0], 32, 32);
  const broken = { ...product, name: 'broken', source: product.source.replace('&a, 0u, FK)', '&a, 0u, 7u)') };
  await assertRejects(
    () => compile(engine, broken, choice),
    ht.ShaderError,
    /^shaders\/broken\.wgsl:19: the stride argument \(7, .*pipeline broken In=f16 Acc=f32 FM=16/,
  );
  await compile(engine, product, choice);
  await assertRejects(
    () => compile(engine, product, productChoice(CONFIGS[0], 12, 0)),
    ht.ShaderError,
    /^matrix_product .*workgroup_size \(12\) must be a multiple/,
  );
  engine.close();
});

const there = suite('matrix units, where there are some');

function onMatrixUnits(args: string[], timeout: number) {
  const options = { cwd: root, encoding: 'utf8', timeout } as const;
  return spawnSync(process.execPath, ['scripts/mesa26.mjs', ...args], options);
}

const fetched = onMatrixUnits([`--within=${FETCH_S}`], (FETCH_S + 20) * 1000);
const title = `${ON_MATRIX_UNITS.join(', ')} passes`;
const body = () => {
  const { status, stdout, stderr } = onMatrixUnits(['test/matrix/run.ts', ...ON_MATRIX_UNITS], 120_000);
  console.log(stdout.replace(/^(?=.)/gm, '  | '));
  assert.is(status, 0, stderr);
};
if (fetched.status === NOT_TO_BE_HAD) there.skip(fetched.stderr.trim().split('\n').at(-1)!, title, body);
else {
  there('the adapter is found', () => assert.is(fetched.status, 0, fetched.stderr));
  there(title, { timeout: 130_000 }, body);
}
