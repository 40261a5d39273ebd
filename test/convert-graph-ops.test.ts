// Every op of graphs against TensorFlow.js, on tensors and on the host.
import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { HOST, OPS } from '../src/convert/graph/ops/index.ts';
import * as ht from '../src/node.ts';
import { caseGraph, caseName, caseOutputs } from './graph/case-graph.ts';
import { GRAPH_CASES } from './graph/cases.ts';
import { onHost, opened } from './graph/open.ts';
import { suite } from './harness.ts';
import { readAll } from './ops/engines.ts';

interface Golden {
  readonly name: string;
  readonly outputs: readonly { readonly shape: readonly number[]; readonly values: readonly number[] }[];
}

const test = suite('ops of graphs against TensorFlow.js');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open();
});
test.after(() => engine.close());

const goldens: readonly Golden[] = JSON.parse(
  readFileSync(new URL('graph/goldens.json', import.meta.url), 'utf8'),
);

/** Ops that TensorFlow.js does not have, or has otherwise: they are in convert-graph.test.ts. */
const OWN = [
  ...[
    'IdentityN',
    'Inv',
    'LogicalXor',
    'PlaceholderWithDefault',
    'ShapeN',
    'SpaceToDepth',
    'Softsign',
    'Rint',
  ],
  ...['CheckNumerics', 'EnsureShape', 'PreventGradient', 'ReadVariableOp', 'BroadcastArgs'],
  'Conv3DBackpropInputV2',
];

test('every op has a case, and every case its golden result', () => {
  const cased = new Set([...GRAPH_CASES.map(({ op }) => op), ...OWN]);
  for (const op of [...Object.keys(OPS), ...Object.keys(HOST)])
    assert.ok(cased.has(op), `no case of ${op} in test/graph/cases.ts`);
  assert.equal(
    goldens.map(({ name }) => name),
    GRAPH_CASES.map(caseName),
    'run: npx tsx bench/peers/graph-goldens.ts',
  );
});

async function check(
  name: string,
  found: readonly (ht.Tensor | null)[],
  { outputs }: Golden,
  allowed: number,
) {
  // Null stands for what has no elements.
  const wanted = outputs.filter((_, i) => found[i] !== null || outputs[i]!.values.length > 0);
  const results = found.filter((y) => y !== null);
  assert.equal(
    results.map(({ shape }) => [...shape]),
    wanted.map(({ shape }) => shape),
    `${name}: shapes`,
  );
  for (const [i, values] of (await readAll(engine, results)).entries()) {
    const { values: expected } = wanted[i]!;
    for (const [j, value] of values.entries()) {
      const error = Math.abs(value - expected[j]!) / (1 + Math.abs(expected[j]!));
      assert.ok(
        error <= allowed,
        `${name}: output ${i}, element ${j} is ${value}; TensorFlow.js has ${expected[j]}`,
      );
    }
  }
}

test('on tensors', async () => {
  for (const [i, row] of GRAPH_CASES.entries()) {
    const graph = caseGraph(row);
    const model = await opened(graph, engine);
    const inputs = Object.entries(graph.inputs).map(([name, { values, shape, dtype }]) => {
      return [name, ht.reshape(ht.tensor([...values], { dtype: dtype as ht.DType }), shape)] as const;
    });
    const given = Object.fromEntries(inputs);
    const runs = Object.hasOwn(OPS, row.op)
      ? model.execute(given, caseOutputs(row))
      : await model.executeAsync(given, caseOutputs(row));
    const results = [runs].flat();
    const name = caseName(row);
    await check(name, results, goldens[i]!, /^(Tanh?|Cosh) /.test(name) ? 1e-4 : 1e-5);
    model.dispose();
  }
});

test('cases that the host can compute: the same results', async () => {
  let count = 0;
  for (const [i, row] of GRAPH_CASES.entries()) {
    if (!Object.hasOwn(HOST, row.op)) continue;
    count++;
    const model = onHost(row, caseOutputs(row), engine);
    const results = Object.hasOwn(OPS, row.op) ? model.execute({}) : await model.executeAsync({});
    await check(`${caseName(row)}, on the host`, [results].flat(), goldens[i]!, 1e-6);
  }
  assert.ok(count > 60, `${count} cases`);
});
