/** Values without a gradient, and functions with a gradient of their own. */
import { type TensorLike, toTensor } from '../ops/input.ts';
import { ArgumentError } from '../values/errors.ts';
import { recordOp, withoutRecorder } from './recording.ts';
import type { Tensor } from './tensor.ts';

/** The same values, constant to every tape. */
export function stopGradient(x: TensorLike): Tensor {
  const tensor = toTensor('stopGradient', x);
  return tensor.alias(tensor.shape, {});
}

export interface CustomGradient {
  readonly value: Tensor;
  /** Gradients by each argument, from the one by `value`; made of ops, so that second derivatives work. */
  readonly gradient: (upstream: Tensor) => Tensor | readonly (Tensor | null)[];
}

/** A function whose inside no tape sees: its gradient is what `fn` says. */
export function customGradient<A extends readonly Tensor[]>(
  fn: (...inputs: A) => CustomGradient,
): (...inputs: A) => Tensor {
  return (...inputs) => {
    const { value, gradient } = withoutRecorder(undefined, () => fn(...inputs));
    // A new identity: fn may return one of its arguments as it is.
    const result = value.alias(value.shape, {});
    recordOp('customGradient', inputs, [result], ([upstream]) => {
      const given = gradient(upstream!);
      const gradients = Array.isArray(given) ? given : [given];
      if (gradients.length !== inputs.length) {
        throw new ArgumentError(
          `customGradient: ${gradients.length} gradients for ${inputs.length} arguments; return one each`,
        );
      }
      return gradients;
    });
    return result;
  };
}
