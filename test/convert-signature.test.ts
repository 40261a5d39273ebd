// Signatures of SavedModels run as graphs: functions in functions, variables found by what restores them, and what cannot be run.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { assertRejects } from './assert-throws.ts';
import { node } from './graph/build.ts';
import { suite } from './harness.ts';
import { BIAS, KERNEL, MODEL, type } from './saved-model/model.ts';
import { call, type SignatureJson, signatureSavedModel } from './saved-model/signature.ts';
import { numbers } from './step.ts';

const test = suite('signatures of SavedModels');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open();
});
test.after(() => engine.close());

test('functions are put in, variables found by what restores them', async () => {
  const model = await ht.loadGraphModel(signatureSavedModel(MODEL));
  assert.equal(
    model.inputs.map(({ name }) => name),
    ['x'],
  );
  assert.equal(
    model.outputs.map(({ name }) => name),
    ['y', 'product'],
  );
  const x = ht.tensor([
    [1, -2, 0.5],
    [0, 1, 3],
  ]);
  const [y, product] = model.predict({ x }) as ht.Tensor[];
  const kernel = ht.tensor(Float32Array.from(KERNEL), { shape: [3, 2] });
  const expected = ht.matMul(x, kernel);
  assert.equal(await numbers(product!), await numbers(expected));
  const bias = ht.tensor(Float32Array.from(BIAS));
  assert.equal(await numbers(y!), await numbers(ht.mul(ht.relu(ht.add(expected, bias)), 2)));
  assert.equal(await numbers(model.execute(x, 'y') as ht.Tensor), await numbers(y!));
  model.dispose();
});

test('without a graph that restores, variables are found by their shared names', async () => {
  const nodes = MODEL.nodes.map((own) => {
    if (own.op !== 'VarHandleOp') return own;
    return node(own.name, own.op, [], {
      ...type,
      shared_name: own.name === 'kernel' ? 'layers/a/w' : 'layers/b/w',
    });
  });
  const { restore: _, ...rest } = MODEL;
  const model = await ht.loadGraphModel(signatureSavedModel({ ...rest, nodes }));
  assert.equal((model.predict(ht.ones([1, 3])) as ht.Tensor[])[0]!.shape, [1, 2]);
  model.dispose();
});

const refused = (change: Partial<SignatureJson>, rule: RegExp) =>
  assertRejects(() => ht.loadGraphModel(signatureSavedModel({ ...MODEL, ...change })), ht.FormatError, rule);

test('what cannot be run is refused with its place', async () => {
  await assertRejects(
    () => ht.loadGraphModel(signatureSavedModel(MODEL), { signature: 'train' }),
    ht.ArgumentError,
    /no signature 'train'; use 'serving_default'/,
  );
  await refused(
    { functions: [] },
    /function 'serve', which node 'StatefulPartitionedCall' calls, is not there/,
  );
  const twice = (name: string, inner: string) => ({
    ...{ name, arguments: ['inputs', 'a', 'b'], results: { y: 'one:output:0', product: 'two:output:0' } },
    nodes: [call('one', inner, ['inputs', 'a', 'b']), call('two', inner, ['inputs', 'a', 'b'])],
  });
  await refused(
    { functions: [twice('serve', 'serve')] },
    /functions that call each other without end|more than 1000000 nodes/,
  );
  const levels = Array.from({ length: 40 }, (_, i) => twice(i === 0 ? 'serve' : `f${i}`, `f${i + 1}`));
  await refused({ functions: levels }, /more than 1000000 nodes|function 'f40'/);
  const unknown = {
    ...MODEL.functions[1]!,
    nodes: [node('double', 'Exit', ['inputs']), node('layer', 'StringJoin', ['inputs', 'first', 'second'])],
  };
  await refused(
    { functions: [unknown, MODEL.functions[2]!] },
    /ops that cannot be run here: Exit \(control flow of another form; node 'StatefulPartitionedCall\/double'\), StringJoin \(strings/,
  );
  await refused({ stored: [] }, /no variable 'layers\/a\/w'/);
  await refused(
    { stored: [{ ...MODEL.stored[0]!, key: 'layers/a/w', type: 'float16', values: [] }] },
    /0 bytes for float16/,
  );
});

test('models of layers are asked for in vain', async () => {
  await assertRejects(() => ht.loadModel(signatureSavedModel(MODEL)), ht.FormatError, /not saved by Keras/);
});
