// What tests of GradScaler share: a plain optimizer, and one scaled gradient.
import * as ht from '../src/node.ts';

export const sgd = (options: object = {}) => ht.optimizers.sgd({ learningRate: 1, ...options });

/** The gradient of `scaler.scale(sum(variable * factor))`. */
export function gradientOf(scaler: ht.GradScaler, variable: ht.Variable, factor: ht.Tensor): ht.Tensor {
  const tape = new ht.GradientTape();
  const scaled = tape.record(() => scaler.scale(ht.sum(ht.mul(variable.values, factor))));
  return tape.gradient(scaled, [variable])[0]!;
}
