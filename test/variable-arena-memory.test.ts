// Tests of who holds the memory of arenas: variables that are disposed or forgotten, and those beside them.
import * as assert from 'uvu/assert';
import { setDefaultEngine } from '../src/gpu/default-engine.ts';
import * as ht from '../src/node.ts';
import { assertRejects } from './assert-throws.ts';
import { collected } from './collected.ts';
import { suite } from './harness.ts';
import { numbers } from './step.ts';

const test = suite('variable arenas, memory');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open();
});
test.after(() => engine.close());

const SIZES = [1, 7, 128, 130, 300];

test('variables and optimizers that nobody disposed give their memory back when they are collected', async () => {
  const own = await ht.open();
  try {
    await (async () => {
      const variables = SIZES.map((size) => ht.variable(new Float32Array(size)));
      for (const variable of variables.slice(0, 2)) variable.read('float16');
      const optimizer = ht.optimizers.adam();
      for (const some of [variables, variables.slice(1, 3)])
        optimizer.applyGradients(some.map((variable) => [ht.onesLike(variable.values), variable] as const));
      await variables[0]!.data();
      assert.ok(own.memory().byKind.weights! > 0);
    })();
    await own.settle();
    await collected();
    const { weights, 'f16 copies': copies, 'optimizer slots': slots } = own.memory().byKind;
    assert.equal([weights, copies, slots], [undefined, undefined, undefined]);
  } finally {
    own.close();
    setDefaultEngine(engine);
  }
});

test('of disposed variables the others train on, and the memory goes with the last', async () => {
  const own = await ht.open();
  try {
    const variables = SIZES.map((size) => ht.variable(new Float32Array(size)));
    const optimizer = ht.optimizers.sgd({ learningRate: 1 });
    const living = () => variables.filter(({ disposed }) => !disposed);
    for (const _ of SIZES) {
      optimizer.applyGradients(living().map((variable) => [ht.onesLike(variable.values), variable] as const));
      const steps = 1 + SIZES.length - living().length;
      for (const variable of living())
        assert.ok((await numbers(variable)).every((value) => value === -steps));
      assert.ok(own.memory().byKind.weights! >= 4 * 128 * 8);
      const [first] = living();
      first!.dispose();
      await assertRejects(() => first!.data(), ht.DisposedError, /disposed/);
    }
    assert.is(own.memory().byKind.weights, undefined);
  } finally {
    own.close();
    setDefaultEngine(engine);
  }
});
