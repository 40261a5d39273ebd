// Reference: one step of SGD and of Adam, as Keras defines them.

export interface Step {
  /** What the gradient is multiplied with: 1 / loss scale. */
  readonly inverse: number;
  readonly learningRate: number;
}

export interface SgdWeight {
  weight: number;
  velocity: number;
}

export function sgd(
  { weight, velocity }: SgdWeight,
  gradient: number,
  { inverse, learningRate }: Step,
  { momentum, nesterov }: { momentum: number | undefined; nesterov: boolean },
): SgdWeight {
  const move = learningRate * gradient * inverse;
  if (momentum === undefined) return { weight: weight - move, velocity };
  const next = momentum * velocity - move;
  return { weight: weight + (nesterov ? momentum * next - move : next), velocity: next };
}

export interface AdamWeight {
  weight: number;
  mean: number;
  variance: number;
}

/** `step` counts from 1. */
export function adam(
  { weight, mean, variance }: AdamWeight,
  gradient: number,
  { inverse, learningRate }: Step,
  { beta1, beta2, epsilon, step }: { beta1: number; beta2: number; epsilon: number; step: number },
): AdamWeight {
  const g = gradient * inverse;
  const m = beta1 * mean + (1 - beta1) * g;
  const v = beta2 * variance + (1 - beta2) * g * g;
  const rate = (learningRate * Math.sqrt(1 - beta2 ** step)) / (1 - beta1 ** step);
  return { weight: weight - (rate * m) / (Math.sqrt(v) + epsilon), mean: m, variance: v };
}
