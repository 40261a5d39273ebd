// Asserts that a call, or the promise it returns, fails with an error of one class and a message of one form.
import * as assert from 'uvu/assert';

export type ErrorClass = new (message: string) => Error;

export function assertThrows(fn: () => unknown, kind: ErrorClass, message: RegExp): void {
  assert.throws(fn, (error: Error) => {
    assertError(error, kind, message);
    return true;
  });
}

/** For what throws at once as well as for what rejects. */
export async function assertRejects(fn: () => unknown, kind: ErrorClass, message: RegExp): Promise<void> {
  const error = await (async () => fn())().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assertError(error, kind, message);
}

function assertError(error: unknown, kind: ErrorClass, message: RegExp): void {
  assert.instance(error, kind, `expected ${kind.name} ${message}, got ${error}`);
  assert.match((error as Error).message, message);
  assert.is((error as Error).name, kind.name);
}
