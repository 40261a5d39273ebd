// Reference: one step of each optimizer, as Keras defines them.

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

/** Slots by name. */
export type Slots = Readonly<Record<string, number>>;

/** One element after a step: the weight, and the slots. */
export type Rule = (
  weight: number,
  slots: Slots,
  gradient: number,
  step: { readonly learningRate: number; readonly count: number },
) => { weight: number; slots: Slots };

export function rmsprop({ rho = 0.9, momentum = 0, epsilon = 1e-7, centered = false }): Rule {
  return (weight, slots, g, { learningRate }) => {
    const velocity = rho * slots.velocity! + (1 - rho) * g * g;
    const averageGradient = rho * (slots.averageGradient ?? 0) + (1 - rho) * g;
    const spread = centered ? velocity - averageGradient ** 2 : velocity;
    const off = (learningRate * g) / Math.sqrt(spread + epsilon);
    const moved = momentum * (slots.momentum ?? 0) + off;
    return {
      weight: weight - (momentum > 0 ? moved : off),
      slots: { velocity, averageGradient, momentum: moved },
    };
  };
}

export function adamax({ beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7 }): Rule {
  return (weight, slots, g, { learningRate, count }) => {
    const mean = slots.mean! + (1 - beta1) * (g - slots.mean!);
    const norm = Math.max(beta2 * slots.norm!, Math.abs(g));
    const rate = learningRate / (1 - beta1 ** count);
    return { weight: weight - (rate * mean) / (norm + epsilon), slots: { mean, norm } };
  };
}

export function nadam({ beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7 }): Rule {
  const momentum = (t: number) => beta1 * (1 - 0.5 * 0.96 ** t);
  return (weight, slots, g, { learningRate, count }) => {
    const mean = slots.mean! + (1 - beta1) * (g - slots.mean!);
    const variance = slots.variance! + (1 - beta2) * (g * g - slots.variance!);
    let product = 1;
    for (let t = 1; t <= count; t++) product *= momentum(t);
    const next = momentum(count + 1);
    const ahead = (next * mean) / (1 - product * next) + ((1 - momentum(count)) * g) / (1 - product);
    const spread = Math.sqrt(variance / (1 - beta2 ** count)) + epsilon;
    return { weight: weight - (learningRate * ahead) / spread, slots: { mean, variance } };
  };
}

export function amsgrad({ beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7 }): Rule {
  return (weight, slots, g, { learningRate, count }) => {
    const mean = slots.mean! + (1 - beta1) * (g - slots.mean!);
    const variance = slots.variance! + (1 - beta2) * (g * g - slots.variance!);
    const largest = Math.max(slots.largest!, variance);
    const rate = (learningRate * Math.sqrt(1 - beta2 ** count)) / (1 - beta1 ** count);
    return {
      weight: weight - (rate * mean) / (Math.sqrt(largest) + epsilon),
      slots: { mean, variance, largest },
    };
  };
}

export function adagrad({ epsilon = 1e-7 }): Rule {
  return (weight, slots, g, { learningRate }) => {
    const accumulator = slots.accumulator! + g * g;
    return { weight: weight - (learningRate * g) / Math.sqrt(accumulator + epsilon), slots: { accumulator } };
  };
}

export function adadelta({ rho = 0.95, epsilon = 1e-7 }): Rule {
  return (weight, slots, g, { learningRate }) => {
    const accumulatedGradient = rho * slots.accumulatedGradient! + (1 - rho) * g * g;
    const before = slots.accumulatedDelta!;
    const delta = (Math.sqrt(before + epsilon) * g) / Math.sqrt(accumulatedGradient + epsilon);
    const accumulatedDelta = rho * before + (1 - rho) * delta * delta;
    return { weight: weight - learningRate * delta, slots: { accumulatedGradient, accumulatedDelta } };
  };
}

export function lion({ beta1 = 0.9, beta2 = 0.99 }): Rule {
  return (weight, slots, g, { learningRate }) => {
    const direction = Math.sign(beta1 * slots.momentum! + (1 - beta1) * g);
    return {
      weight: weight - learningRate * direction,
      slots: { momentum: beta2 * slots.momentum! + (1 - beta2) * g },
    };
  };
}

type Matrix = readonly (readonly number[])[];
const transposed = (x: Matrix) => x[0]!.map((_, j) => x.map((row) => row[j]!));
const product = (x: Matrix, y: Matrix) => {
  const columns = transposed(y);
  return x.map((row) => columns.map((column) => row.reduce((sum, value, k) => sum + value * column[k]!, 0)));
};
const combined = (a: number, x: Matrix, b: number, y: Matrix) =>
  x.map((row, i) => row.map((value, j) => a * value + b * y[i]![j]!));

/** Newton-Schulz, of a matrix that is not taller than wide; any other is transposed before and after. */
export function orthogonalised(x: Matrix, steps: number, [a, b, c] = [3.4445, -4.775, 2.0315]): Matrix {
  if (x.length > x[0]!.length) return transposed(orthogonalised(transposed(x), steps, [a!, b!, c!]));
  const norm = Math.sqrt(x.flat().reduce((sum, value) => sum + value * value, 0));
  let o: Matrix = x.map((row) => row.map((value) => value / (norm + 1e-7)));
  for (let i = 0; i < steps; i++) {
    const g = product(o, transposed(o));
    o = combined(a!, o, 1, product(combined(b!, g, c!, product(g, g)), o));
  }
  return o;
}
