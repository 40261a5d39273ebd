// The engines of op tests: one with native halves, one with packed ones, and reading many tensors at once.

import { byteLength } from '../../src/autograd/tensor.ts';
import * as ht from '../../src/node.ts';
import { decode } from '../../src/values/nested.ts';
import type { Test } from '../harness.ts';
import type { Form, FormName } from './row.ts';

export interface Engines {
  /** Engine and float dtype of a form. */
  form(name: FormName): Form;
}

/** Opens both engines before the suite and closes them after it. */
export function useEngines(test: Test): Engines {
  const engines: { native?: ht.Engine; packed?: ht.Engine } = {};
  test.before(async () => {
    engines.packed = await ht.open({ f16: 'packed' });
    engines.native = await ht.open({ f16: 'native' });
  });
  test.after(() => {
    engines.native?.close();
    engines.packed?.close();
  });
  return {
    form: (name) => ({
      engine: (name === 'float16 packed' ? engines.packed : engines.native)!,
      dtype: name === 'float32' ? 'float32' : 'float16',
    }),
  };
}

/** The values of all tensors, in one read. */
export async function readAll(engine: ht.Engine, tensors: readonly ht.Tensor[]): Promise<number[][]> {
  const read = await engine.read(
    tensors.map((tensor) => ({ storage: tensor.storage, bytes: byteLength(tensor) })),
  );
  return read.map((bytes, index) => Array.from(decode(bytes, tensors[index]!.dtype, tensors[index]!.size)));
}
