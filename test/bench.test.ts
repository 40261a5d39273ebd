// The bench: a tiny run's figures and page, wrong kernels refused, its arguments, its statistics, and what its README shows.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseHTML } from 'linkedom';
import * as assert from 'uvu/assert';
import { ProductReference } from '../bench/check.ts';
import { matrix_rate } from '../bench/generated/shaders.ts';
import { measure, Repeated, timingOf } from '../bench/measure.ts';
import { parseOptions, SUITES } from '../bench/options.ts';
import { failuresOf, type Results, rowsOf, toJson } from '../bench/results.ts';
import type { Row } from '../bench/rows.ts';
import { runBench } from '../bench/run.ts';
import { wrongLosses } from '../bench/step.ts';
import { stepTables } from '../bench/step-tables.ts';
import { tileMarkdown } from '../bench/tiles.ts';
import { gemm } from '../src/kernels/gemm/gemm.ts';
import { suite } from './harness.ts';
import { compile, openNullEngine } from './null-engine.ts';
import { script } from './script.ts';

const test = suite('bench');
const readme = readFileSync(new URL('../bench/README.md', import.meta.url), 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'halftape-bench-'));
test.after(() => rmSync(folder, { recursive: true }));

function bench(...options: string[]): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...script('bench/main.ts'), ...options], {
    cwd: folder,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

interface JsonRow {
  readonly [name: string]: unknown;
  readonly kernel: string;
  readonly storage: string;
  readonly ms: number;
  readonly p20: number;
  readonly p80: number;
  readonly fractionOfCeiling: number;
}
interface Json {
  readonly adapter: string;
  readonly environment: { readonly software: boolean };
  readonly ceilings: {
    readonly fmaF32Gflops: number;
    readonly fmaF16Gflops: number | null;
    readonly matrixGflops: number | null;
    readonly copyGBs: number;
    readonly copies: readonly { readonly bytes: number; readonly GBs: number }[];
  };
  readonly gemm: readonly (JsonRow & { m: number; k: number; n: number; layout: string; gflops: number })[];
  readonly cast: readonly (JsonRow & { bytes: number; GBs: number })[];
  readonly copy: readonly JsonRow[];
  readonly step: readonly JsonRow[];
  readonly peers: readonly JsonRow[];
}

test('a tiny run prints a table, and writes figures and a page', () => {
  const { status, stdout, stderr } = bench(
    ...['gemm', 'cast', '--quick', '--only', '128x128x128'],
    ...['--json', 'out/bench.json', '--html', 'out/bench.html'],
  );
  assert.is(status, 0, stderr);
  assert.equal(readdirSync(join(folder, 'out')).sort(), ['bench.html', 'bench.json']);
  const json = JSON.parse(readFileSync(join(folder, 'out/bench.json'), 'utf8')) as Json;
  const { ceilings, gemm: products } = json;
  assert.ok(stdout.includes(json.adapter), stdout);
  assert.is(stdout.includes('a software adapter'), json.environment.software);
  assert.match(stdout, /│ 128x128x128 NN │ f32 +│ gemm_/);
  assert.ok(ceilings.fmaF32Gflops > 0 && ceilings.copyGBs > 0);
  assert.ok(ceilings.matrixGflops === null || ceilings.matrixGflops > 0);
  assert.equal(
    products.map(({ storage }) => storage),
    json.ceilings.fmaF16Gflops === null ? ['f32', 'packed'] : ['f32', 'f16', 'packed'],
  );
  for (const row of products) {
    assert.equal([row.m, row.k, row.n, row.layout], [128, 128, 128, 'NN']);
    assert.ok(row.p20 <= row.ms && row.ms <= row.p80, `${row.p20} ${row.ms} ${row.p80}`);
    close(row.gflops, (2 * 128 ** 3) / row.ms / 1e6);
    const ceiling = row.kernel.startsWith('gemm_matrix') ? ceilings.matrixGflops! : ceilings.fmaF32Gflops;
    close(row.fractionOfCeiling, row.gflops / ceiling);
  }
  assert.equal([json.cast, json.copy, json.step, json.peers], [[], [], [], []]);
  checkPage(readFileSync(join(folder, 'out/bench.html'), 'utf8'), json, products.length);
});

function close(value: number, expected: number): void {
  assert.ok(Math.abs(value - expected) <= 1e-9 * Math.abs(expected), `${value} is not ${expected}`);
}

function checkPage(html: string, { adapter }: Json, rows: number): void {
  // Self-contained: nothing is fetched, and nothing runs.
  assert.not.match(html, /<script|<link|<iframe|@import|url\(\s*["']?(?!["']?(?:#|data:))/i);
  assert.not.match(html, /\b(?:src|href)\s*=\s*["']?(?!["']?(?:#|data:))/i);
  const { document } = parseHTML(html);
  assert.ok(document.querySelector('p')!.textContent!.includes(adapter));
  const svgs = [...document.querySelectorAll('figure svg')];
  assert.is(svgs.length, 2, 'a roofline, and bars of products');
  for (const svg of svgs) assert.not.match(svg.outerHTML, /NaN|undefined/);
  assert.is(svgs[0]!.querySelectorAll('[aria-label="dot"] path').length, rows, 'a point a row');
  assert.is(document.querySelectorAll('tbody tr').length, rows);
}

test('a wrong product is refused: no time, a failed row; and so is one that throws', async () => {
  const options = parseOptions(['gemm', '--quick', '--only', '128x128x128 NN f']);
  const results = await runBench(
    options,
    { part: () => () => {} },
    {
      multiply: (problem, candidate) => {
        if (problem.a.dtype === 'float16') throw new Error('no halves today\nat all');
        gemm({ ...problem, k: problem.k - 4 }, { candidate });
      },
    },
  );
  const { gemm: rows } = toJson(results) as Json;
  assert.ok(rows.length > 0);
  assert.is(failuresOf(results).length, rows.length);
  for (const { storage, gflops, ms, fractionOfCeiling, failure } of rows) {
    assert.equal([gflops, ms, fractionOfCeiling], [null, null, null]);
    assert.match(
      String(failure),
      storage === 'f32' ? /^element \d+ is .*, expected .* within/ : /^no halves today$/,
    );
  }
});

test('the check of a large product sees one wrong element, and two rows that changed places', () => {
  const product = { m: 64, k: 256, n: 512, batch: 3, layout: 'NT' } as const;
  const reference = new ProductReference(product);
  const { m, k, n, batch } = product;
  const c = new Float32Array(batch * m * n).map((_, index) => {
    const [matrix, i, j] = [Math.floor(index / (m * n)), Math.floor(index / n) % m, index % n];
    let sum = 0;
    for (let l = 0; l < k; l++)
      sum += reference.a[(matrix * m + i) * k + l]! * reference.b[(matrix * n + j) * k + l]!;
    return sum;
  });
  assert.is(reference.wrong(c, false), undefined);
  assert.is(reference.wrong(c, true), undefined);
  // Not among the elements that are computed one by one.
  const at = c.length - 5;
  const spoilt = c.slice();
  spoilt[at]! += 2;
  assert.match(reference.wrong(spoilt, false)!, /weighted sum of row 191/);
  const nan = c.slice();
  nan[at] = Number.NaN;
  assert.match(reference.wrong(nan, true)!, /row 191/);
  const swapped = c.slice();
  swapped.set(c.subarray(n, 2 * n), 0);
  swapped.set(c.subarray(0, n), n);
  assert.ok(reference.wrong(swapped, true));
  assert.match(reference.wrong(c.subarray(1), false)!, /98303 values, expected 98304/);
});

test('a step tells its dispatches, what it makes, its memory and what it costs the host', async () => {
  const options = parseOptions(['step', '--quick', '--only', 'float32', '--steps', '20']);
  const results = await runBench(options, { part: () => () => {} });
  const [row, small] = rowsOf(results, 'step');
  const { model, batch, dispatches, submits, buffersCreated, bindGroupsCreated, ...facts } = row!.step!;
  assert.equal([model, batch], ['784-512-512-10', 64]);
  assert.equal([submits, buffersCreated, bindGroupsCreated], [1, 0, 0]);
  assert.ok(dispatches > 10 && dispatches < 40, `${dispatches}`);
  assert.ok(facts.hostMicrosPerDispatch > 0 && facts.bareMicrosPerDispatch > 0);
  assert.ok(facts.weightGradientBytes >= 4 * (784 * 512 + 512 * 512 + 512 * 10));
  assert.ok(facts.activationBytes > 0 && facts.peakBytes > facts.weightGradientBytes);
  const { drift, ...rest } = small!.step!;
  assert.equal([rest.model, rest.batch, drift!.steps, facts.drift], ['64-64-64-10', 16, 20, undefined]);
  assert.ok(drift!.msPerStep.length === 10 && drift!.msPerStep.every((ms) => ms > 0));
  const { step } = toJson(results) as { step: Record<string, unknown>[] };
  for (const [key, value] of Object.entries({ ...row!.step, policy: 'float32' }))
    assert.equal(step[0]![key], value, key);
});

test('steps that differ in width or batch are shown beside each other, from the smallest work on', () => {
  const row = (batch: number, width: number, flops: number, median: number): Row => ({
    ...{ suite: 'step', name: `${width} batch ${batch}`, storage: 'float32', kernel: 'jit', flops, bytes: 1 },
    ...{ limit: 'fmaF32', timing: { samples: [median], median, p20: median, p80: median } },
    step: {
      ...{ model: String(width), batch, dispatches: 10, hostMicrosPerDispatch: 3, bareMicrosPerDispatch: 2 },
      ...{ submits: 1, buffersCreated: 0, bindGroupsCreated: 0 },
      ...{ peakBytes: 0, activationBytes: 2 ** 20, weightGradientBytes: 0 },
    },
  });
  const rows = [row(64, 512, 4e9, 8), row(64, 128, 1e9, 4), row(128, 512, 8e9, 12)];
  const [host, width, batch] = stepTables({ rows } as unknown as Results).map((table) => table.rows);
  assert.equal(host![0]!.slice(2), ['10', '3.00', '2.00', '1.50x', '1 / 0 / 0', '1.00', '0.00', '0.00']);
  assert.equal(width, [
    ['128 batch 64', 'float32', '4.00', '1.000', '4.0', '1.00x', '1.00x'],
    ['512 batch 64', 'float32', '8.00', '4.000', '2.0', '4.00x', '2.00x'],
  ]);
  assert.equal(
    batch!.map((cells) => cells.at(-1)),
    ['1.00x', '1.50x'],
  );
});

test('losses must be those of f64, and fall', () => {
  assert.match(wrongLosses([1, 1, 1, 1, 1], 1e-3)!, /^the loss of step 0 is 1, expected 2\.57/);
  assert.match(wrongLosses([2, 2, 2, 2, 2], 1e9)!, /does not fall/);
});

test('median, p20 and p80 are interpolated', () => {
  const { median, p20, p80 } = timingOf([5, 1, 4, 2, 3, 6]);
  assert.equal([median, p20, p80], [3.5, 2, 5]);
});

test('a sample repeats until it is long enough, and the first run does not count', async () => {
  const runs: number[] = [];
  const work = new Repeated(async (times) => {
    runs.push(times);
    return runs.length === 1 ? 5000 : 0.5 * times;
  });
  assert.is(await work.sample(10), 0.5);
  assert.is(await work.sample(10), 0.5);
  assert.equal(runs, [1, 1, 24, 24]);
});

test('works take turns, every other round backwards; one that fails is left out', async () => {
  const order: string[] = [];
  const named = (name: string) => ({
    sample: async () => {
      order.push(name);
      if (name === 'b' && order.length > 5) throw new Error('gone');
      return order.length;
    },
  });
  const outcomes = await measure([named('a'), named('b')], { minMs: 1, samples: 3 });
  assert.is(order.join(''), 'baabbaab');
  assert.is(outcomes.length, 2);
  assert.is(timingOf([2, 3, 6, 7]).median, 4.5);
  assert.match(String(outcomes[1]), /gone/);
  assert.ok(!(outcomes[0] instanceof Error));
});

test('the matrix ceiling compiles for every kind of fragment', async () => {
  const engine = await openNullEngine();
  for (const [FM, FN, FK, In] of [
    [16, 16, 16, 'f16'],
    [8, 16, 16, 'f16'],
    [8, 8, 8, 'f16'],
    [8, 8, 8, 'f32'],
  ] as const) {
    const constants = { FM, FN, FK, LEFTS: 4, RIGHTS: 4, THREADS: 128, SUBGROUP: 32, RELOAD: 0 };
    await compile(engine, matrix_rate, { types: { In }, constants });
  }
  engine.close();
});

for (const [args, message] of [
  [['matmul'], /^there is no suite 'matmul'; use gemm, cast, copy, reduce, step, ops, accumulation, or none/],
  [['--fast'], /^Unknown option '--fast'; npm run bench -- --help shows the options$/],
  [['--json'], /^Option '--json <value>' argument missing; npm run bench -- --help/],
  [['--json', ''], /^--json is empty; give it a value/],
  [['cast', '--scaling'], /^--scaling is about step, and the suites are cast; add step$/],
  [['--steps', '12'], /^--steps '12'; use a multiple of 10, such as 10000$/],
  [['gemm', '--steps', '10'], /^--steps is about step, and the suites are gemm; add step$/],
  [['cast', '--candidates'], /^--candidates is about gemm, and the suites are cast; add gemm$/],
] as const) {
  test(`${args.join(' ')}: refused in one line`, () => assert.throws(() => parseOptions(args), message));
}

test('the command refuses what is no option, and --help shows every one', () => {
  const { status, stdout, stderr } = bench('--fast');
  assert.is(status, 1);
  assert.match(stderr, /^bench: Unknown option '--fast'; npm run bench/m);
  assert.not.match(stderr, /^ +at /m);
  assert.is(stdout, '');
  const help = bench('--help');
  assert.is(help.status, 0);
  for (const word of [
    ...SUITES,
    '--peers',
    '--candidates',
    '--scaling',
    '--steps N',
    '--only TEXT',
    '--quick',
    '--json FILE',
  ])
    assert.ok(help.stdout.includes(word), word);
});

test('README: its commands are understood, its options are all there, its tiles are those of the code', () => {
  const [, block] = /```sh\n([\s\S]*?)```/.exec(readme) ?? [];
  const commands = block!.trim().split('\n');
  assert.ok(commands.length > 3);
  for (const command of commands) {
    const [, rest] = /^npm run bench(?: -- (.*))?$/.exec(command) ?? assert.unreachable(command) ?? [];
    parseOptions(rest?.split(' ') ?? []);
  }
  for (const word of [
    ...SUITES,
    '--peers',
    '--candidates',
    '--scaling',
    '--steps',
    '--only',
    '--quick',
    '--json',
    '--html',
  ])
    assert.ok(readme.includes(`\`${word}`), word);
  assert.ok(readme.includes(tileMarkdown()), tileMarkdown());
});
