// What tests of bad input share: operands of every kind, and the check that a call is refused before any GPU work.
import * as assert from 'uvu/assert';
import * as ht from '../../src/node.ts';
import type { ErrorClass } from '../assert-throws.ts';
import type { Test } from '../harness.ts';

export type BadCall = readonly [call: () => unknown, kind: ErrorClass, message: RegExp];

/** `value` where the types would not let it pass. */
export const any = (value: unknown) => value as never;

/** Operands by name, made before the suite. */
export const t: Record<string, ht.Tensor> = {};

let engine: ht.Engine;

/** Registers a test for each group of calls. */
export function refuses(test: Test, groups: Readonly<Record<string, readonly BadCall[]>>): void {
  test.before(async () => {
    engine = await ht.open();
    Object.assign(t, {
      scalar: ht.tensor(1),
      v3: ht.tensor([1, 2, 3]),
      v4: ht.ones([4]),
      m23: ht.ones([2, 3]),
      m45: ht.ones([4, 5]),
      cube: ht.ones([2, 3, 4]),
      cubes: ht.ones([3, 3, 4]),
      half: ht.ones([3], 'float16'),
      halfMatrix: ht.ones([3, 2], 'float16'),
      ints: ht.tensor(Int32Array.of(1, 2, 3)),
      words: ht.tensor(Uint32Array.of(1, 2, 3)),
      bools: ht.tensor([true, false, true]),
      disposed: ht.ones([3]),
    });
    t.disposed!.dispose();
    await engine.settle();
  });
  test.after(() => engine.close());
  for (const [name, calls] of Object.entries(groups)) {
    test(`${name}: refused before any GPU work, in words that help`, () => refuse(calls));
  }
}

async function refuse(calls: readonly BadCall[]): Promise<void> {
  for (const [call, kind, message] of calls) {
    const before = { ...engine.memory(), submits: engine.made.submits };
    try {
      ht.tidy(call);
    } catch (error) {
      assert.ok(
        error instanceof kind && message.test(error.message),
        `${call}\n  threw ${error}\n  expected ${kind.name} ${message}`,
      );
      const { peakBytes: _, ...after } = { ...engine.memory(), submits: engine.made.submits };
      const { peakBytes: __, ...expected } = before;
      assert.equal(after, expected, `${call}`);
      continue;
    }
    assert.unreachable(`${call} was accepted, expected ${kind.name} ${message}`);
  }
  await engine.settle();
}
