// What a refused call must be: the right class, a message that says where, what and what else, and nothing changed by it.
import * as assert from 'uvu/assert';
import type * as ht from '../src/node.ts';

type ErrorClass = abstract new (...args: never[]) => Error;

/** Runs `call` and returns its error; fails when it does not throw or reject. */
export async function errorOf(call: () => unknown): Promise<Error> {
  try {
    await call();
  } catch (error) {
    assert.instance(error, Error);
    return error as Error;
  }
  throw new Error('accepted');
}

/** Fails unless `call` throws or rejects with just this class and a matching message. */
export async function refuses(call: () => unknown, type: ErrorClass, message: RegExp): Promise<void> {
  const error = await errorOf(call).catch(() =>
    assert.unreachable(`accepted, instead of ${type.name}: ${message}`),
  );
  assert.is((error as Error).constructor, type, `${error}`);
  assert.match((error as Error).message, message);
}

/** The same, and neither a weight's bits nor the number of submits have changed. */
export async function refusesUnchanged(
  model: ht.Model,
  call: () => unknown,
  type: ErrorClass,
  message: RegExp,
): Promise<void> {
  const before = await bits(model);
  const engine = model.weights[0]!.engine;
  const { submits } = engine.made;
  await refuses(call, type, message);
  assert.is(engine.made.submits, submits, `GPU work was submitted: ${message}`);
  assert.equal(await bits(model), before, `weights have changed: ${message}`);
}

async function bits(model: ht.Model): Promise<number[][]> {
  return (await model.getWeights()).map((values) => [...new Uint32Array(values.buffer)]);
}
