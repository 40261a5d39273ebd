// What tests of watches share: layers with known weights, engines with both forms of halves, and rows of reports.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import type { Test } from './harness.ts';

export type HalfForm = 'native' | 'packed';
export const HALF_FORMS: readonly HalfForm[] = ['native', 'packed'];

/** Opens an engine for each form of float16; the native one is the default engine. */
export function useHalves(test: Test): (form: HalfForm) => ht.Engine {
  const engines: { [K in HalfForm]?: ht.Engine } = {};
  test.before(async () => {
    engines.packed = await ht.open({ seed: 1, f16: 'packed' });
    engines.native = await ht.open({ seed: 1, f16: 'native' });
  });
  test.after(() => {
    for (const engine of Object.values(engines)) engine.close();
  });
  return (form) => engines[form]!;
}

/** Without a bias; the kernel is one number throughout, or one for each place. */
export function dense(
  name: string,
  units: number,
  kernel: number | ((row: number, column: number) => number),
  dtype: ht.PolicyLike = 'mixed_float16',
  inputs?: number,
): ReturnType<typeof ht.layers.dense> {
  const at = typeof kernel === 'number' ? () => kernel : kernel;
  return ht.layers.dense({
    ...{ name, units, dtype, useBias: false, ...(inputs === undefined ? {} : { inputShape: [inputs] }) },
    kernelInitializer: ([rows, columns]) =>
      Float32Array.from({ length: rows! * columns! }, (_, i) => at(Math.floor(i / columns!), i % columns!)),
  });
}

/** The one row of a layer, pass and op; of gradients by no weight. */
export function finding({
  ops,
}: ht.NumericsReport): (layer: string, pass: string, op: string) => ht.OpNumerics {
  return (layer, pass, op) => {
    const found = ops.filter(
      (one) => one.layer === layer && one.pass === pass && one.op === op && one.gradientOf.length === 0,
    );
    const all = ops.map((one) => `${one.layer} ${one.pass} ${one.op}`).join(', ');
    assert.is(found.length, 1, `${layer} ${pass} ${op}: one of ${all}`);
    return found[0]!;
  };
}

/** Exponents that there are, with their counts. */
export function histogram({ histogram: { first, counts } }: ht.OpNumerics): [number, number][] {
  return counts.map((count, i): [number, number] => [first + i, count]).filter(([, count]) => count > 0);
}
