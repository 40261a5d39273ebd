/** Gradients side by side as their variables lie: made there by a traced function, else copied there. */
import { emptyTensor, Tensor } from '../../autograd/tensor.ts';
import { type ArenaRun, placeOf } from '../../autograd/variable-arena.ts';
import { castKernel } from '../../kernels/cast.ts';
import { bytesOf } from '../../kernels/operand.ts';

/** One gradient a variable of `run`, in float16 where all of them are, else in float32; padding holds anything. */
export function gradientArena(
  { arena, variables, start, size }: ArenaRun,
  gradients: readonly Tensor[],
): Tensor {
  const { engine } = arena;
  const dtype = gradients.every((gradient) => gradient.dtype === 'float16') ? 'float16' : 'float32';
  const whole = engine.during('weight gradients', () => emptyTensor(engine, [size], dtype, 'gradients'));
  for (const [index, gradient] of gradients.entries()) {
    const variable = variables[index]!;
    const offset = bytesOf(dtype, placeOf(variable).start - start);
    if (gradient.dtype === dtype && engine.placeTraced(gradient.storage, whole.storage, offset)) continue;
    const part = engine.slice(whole.storage, offset, bytesOf(dtype, gradient.size));
    const copy = new Tensor(engine, part, variable.shape, dtype);
    castKernel(gradient, copy);
    copy.dispose();
  }
  return whole;
}
