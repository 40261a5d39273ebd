/** Launches `sum_products.wgsl`: a product of float16 matrices in one of several arithmetics. */
import { sum_products as shader } from '../generated/shaders.ts';
import { linearGrid } from '../gpu/shader.ts';
import { elementOf, type Operand, quads } from './operand.ts';
import { inQuads, withWholeQuads } from './whole-quads.ts';

export type Arithmetic = 'FLOAT32' | 'FLOAT16' | 'CHUNKED' | 'KAHAN';

export interface SumProducts {
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly arithmetic: Arithmetic;
  /** Products summed in float16 before they are added in float32. */
  readonly chunk: number;
  /** With float16 operations that are made of f32 ones, on devices that have their own too. */
  readonly emulated: boolean;
}

/** `c`, in float32, is `a` times `b`, in float16; the sum over k goes in its order. */
export function sumProductsKernel(
  a: Operand,
  b: Operand,
  c: Operand,
  { m, k, n, arithmetic, chunk, emulated }: SumProducts,
): void {
  const left = withWholeQuads(a, m, k, 'study');
  const native = elementOf(a) === 'f16' && !emulated;
  inQuads(
    [b],
    c,
    n,
    ([right], result) =>
      a.engine.run(shader, {
        types: { In4: native ? 'f16' : 'packed', Half4: native ? 'f16' : 'f32', Acc: 'f32' },
        overrides: { ARITHMETIC: shader.constants[arithmetic] },
        bindings: { a: left.storage, b: right.storage, c: result.storage },
        params: { m, k, n, chunk, zero: 0 },
        workgroups: linearGrid(m * quads(n), 64),
      }),
    'study',
  );
  if (left !== a) a.engine.release(left.storage);
}
