/** Gradients side by side as their variables lie: made there by a traced function, else copied there. */
import { gradientsArrived } from '../../autograd/observing.ts';
import { emptyTensor, Tensor } from '../../autograd/tensor.ts';
import { type ArenaRun, placeOf } from '../../autograd/variable-arena.ts';
import type { Storage } from '../../gpu/storage.ts';
import { castKernel } from '../../kernels/cast.ts';
import { bytesOf } from '../../kernels/operand.ts';

export interface GradientArena {
  /** In float16 where all gradients are, else in float32; padding holds anything. */
  readonly gradient: Tensor;
  /** Elements of each block that are still to be looked through for infinities and NaN. */
  readonly unchecked: Tensor;
}

/** One gradient a variable of `run`. Kernels that can set `flag`, the overflow flag, where they store a gradient do so. */
export function gradientArena(
  run: ArenaRun,
  gradients: readonly Tensor[],
  flag: Storage | undefined,
): GradientArena {
  const { engine } = run.arena;
  gradientsArrived(
    engine,
    gradients.map((gradient, index) => ({ gradient, variable: run.variables[index]! })),
  );
  const dtype = gradients.every((gradient) => gradient.dtype === 'float16') ? 'float16' : 'float32';
  const whole = engine.during('weight gradients', () => emptyTensor(engine, [run.size], dtype, 'gradients'));
  const checked = gradients.map((gradient, index) => {
    const variable = run.variables[index]!;
    const offset = bytesOf(dtype, placeOf(variable).start - run.start);
    const flagged = flag !== undefined && engine.flagOverflow(gradient.storage, flag);
    // One that serves two variables stays outside: a copy within the arena would read and write one buffer.
    const own = gradients.every((other, i) => i === index || other.storage !== gradient.storage);
    const fits = own && gradient.dtype === dtype;
    if (fits && engine.placeTraced(gradient.storage, whole.storage, offset)) return flagged;
    const part = engine.slice(whole.storage, offset, bytesOf(dtype, gradient.size));
    const copy = new Tensor(engine, part, variable.shape, dtype);
    castKernel(gradient, copy);
    copy.dispose();
    return flagged;
  });
  return { gradient: whole, unchecked: run.blocksOf((index) => !checked[index]) };
}
