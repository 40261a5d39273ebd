/** `cast`: values in another dtype. On tapes the gradient goes back to the input's dtype. */
import { defineOp } from '../autograd/op.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { Variable } from '../autograd/variable.ts';
import type { Engine } from '../gpu/engine.ts';
import type { Storage } from '../gpu/storage.ts';
import { castKernel } from '../kernels/cast.ts';
import { checkDType, type DType } from '../values/dtype.ts';
import { type TensorLike, toTensor } from './input.ts';

const op = defineOp<DType>({
  name: 'cast',
  precision: 'clear',
  infer: ([x], dtype) => [{ shape: x!.shape, dtype }],
  forward: ([x], [y]) =>
    castKernel(x!, y!, x!.dtype === 'float32' && y!.dtype === 'float16' ? flagOf(x!.engine) : undefined),
  // The tape casts every gradient to its tensor's dtype.
  backward: ({ gradients }) => [gradients[0]],
});

/**
 * `x` as `dtype`; `x` itself where it has that dtype already. float32 to float16 rounds to nearest where the GPU does
 * (WGSL allows either neighbour), and |x| >= 65520 becomes infinity: see `castOverflowed`. An f32 variable gives its f16
 * copy. Throws `DtypeError`.
 */
export function cast(x: TensorLike, dtype: DType): Tensor {
  const wanted = checkDType('cast', dtype);
  if (x instanceof Variable && x.dtype === 'float32' && wanted === 'float16') return x.read('float16');
  const tensor = toTensor('cast', x);
  return tensor.dtype === wanted ? tensor.alias() : op([tensor], wanted)[0]!;
}

const flags = new WeakMap<Engine, Storage>();

function flagOf(engine: Engine): Storage {
  let flag = flags.get(engine);
  if (!flag) {
    flag = engine.untraced(() => engine.store(new Uint32Array(1), 'kept', 'cast'));
    flags.set(engine, flag);
  }
  return flag;
}

/** Whether, since it was last asked, a cast to float16 on this engine met a finite value that does not fit. */
export async function castOverflowed(engine: Engine): Promise<boolean> {
  const flag = flagOf(engine);
  const reading = engine.read([{ storage: flag, bytes: 4 }]);
  // Before anything is awaited: casts recorded meanwhile are for the next question.
  engine.write(flag, new Uint32Array(1));
  const [bytes] = await reading;
  return new Uint32Array(bytes!)[0] !== 0;
}
