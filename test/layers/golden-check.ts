// A layer compared with what TensorFlow.js gave: results, and inputs and weights after one step of gradient descent.
import * as assert from 'uvu/assert';
import * as ht from '../../src/node.ts';
import { numbers } from '../step.ts';
import type { GoldenCase } from './golden-case.ts';
import { type Golden, goldenDraws, RATE } from './golden-cases.ts';

type AnyLayer = ht.Layer<ht.Tensor | readonly ht.Tensor[], ht.Tensor | readonly ht.Tensor[]>;
export const makers = ht.layers as unknown as Record<string, ((options: object) => AnyLayer) | undefined>;

const RECURRENT = ['simpleRNN', 'lstm', 'gru'];
const SCALE = 1024;

/** What |got - expected| / (1 + |expected|) may be. */
function tolerance({ layer, inner }: GoldenCase, policy: ht.PolicyName): number {
  if (policy === 'float32') return 1e-5;
  return RECURRENT.includes(inner?.layer ?? layer) ? 1e-2 : 2e-3;
}

function listed<T>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? value : [value as T];
}

function worst(got: readonly number[], expected: readonly number[], what: string): number {
  assert.is(got.length, expected.length, `${what}: number of elements`);
  return got.reduce((most, value, i) => {
    const error = Math.abs(value - expected[i]!) / (1 + Math.abs(expected[i]!));
    return error <= most ? most : error;
  }, 0);
}

/** Throws where results, or inputs and weights after a step, are not those of TensorFlow.js. */
export async function checkCase(
  row: GoldenCase,
  golden: Golden,
  policy: ht.PolicyName,
  engine: ht.Engine,
): Promise<void> {
  const { inputs: given, draw } = goldenDraws(row);
  const dtype = policy;
  const inner = row.inner && { layer: makers[row.inner.layer]!({ ...row.inner.config, dtype }) };
  const layer = makers[row.layer]!({ ...row.config, ...inner, dtype });
  const symbolic = row.inputs.map((shape) => ht.input({ shape: shape.slice(1) }));
  const masking = ht.layers.masking({ dtype });
  const masked = row.masked ? symbolic.map((x) => masking.apply(x)) : symbolic;
  const outputs = layer.apply(masked.length > 1 ? masked : masked[0]!) as ht.Symbolic;
  const model = ht.model({ inputs: symbolic, outputs }) as unknown as AnyLayer;
  layer.build(row.inputs.length > 1 ? row.inputs.map((s) => s.slice(1)) : row.inputs[0]!.slice(1), engine);
  layer.setWeights(layer.weights.map(({ shape }) => draw(shape)));
  const xs = row.inputs.map((shape, i) => ht.variable(given[i]!, { shape }));

  const tape = new ht.GradientTape();
  const scale = policy === 'float32' ? 1 : SCALE;
  let results: readonly ht.Tensor[] = [];
  const loss = tape.record(() => {
    results = listed(model.apply(xs, { training: row.training ?? false }));
    const errors = results.map((y) => {
      const target = ht.tensor(draw(y.shape), { shape: y.shape });
      return ht.mean(ht.square(ht.sub(ht.cast(y, 'float32'), target)));
    });
    return ht.mul(
      errors.reduce((sum, error) => ht.add(sum, error)),
      scale,
    );
  });
  const allowed = tolerance(row, policy);
  const check = (got: readonly number[], expected: readonly number[], what: string) => {
    const error = worst(got, expected, `${golden.name} ${policy}: ${what}`);
    assert.ok(error <= allowed, `${golden.name} ${policy}: ${what} is off by ${error}, allowed ${allowed}`);
  };
  const checkStep = async (stepped: NonNullable<Golden['stepped']>) => {
    const sources = [...xs, ...layer.weights];
    const gradients = tape.gradient(loss, sources);
    const optimizer = ht.optimizers.sgd({ learningRate: RATE });
    const pairs = sources.flatMap((source, i): [ht.Tensor, ht.Variable][] =>
      stepped[i] && gradients[i] ? [[ht.div(gradients[i]!, scale), source]] : [],
    );
    if (pairs.length > 0) optimizer.applyGradients(pairs);
    assert.is(stepped.length, sources.length, `${golden.name}: inputs and weights`);
    for (const [i, source] of sources.entries()) {
      const expected = stepped[i];
      if (expected) check(await numbers(source), expected, `${source.name} after a step`);
    }
  };
  check((await Promise.all(results.map(numbers))).flat(), golden.y, 'the result');
  if (golden.stepped) await checkStep(golden.stepped);
  model.dispose();
  for (const x of xs) x.dispose();
}
