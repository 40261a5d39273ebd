// Reference: the loss-scale state machines of Keras 3, tf.keras and PyTorch, one step at a time, in float32 arithmetic.

export interface Rule {
  readonly initialScale: number;
  readonly growthSteps: number;
  readonly growthFactor: number;
  readonly backoffFactor: number;
  readonly minScale: number;
  readonly maxScale: number;
  readonly countSkipped: boolean;
  /** Gradients arrive multiplied with the scale. */
  readonly scaledGradients: boolean;
}

/** The smallest normal float32 and the largest power of two in float32: between them a scale and its inverse are numbers. */
export const SMALLEST = 2 ** -126;
export const LARGEST = 2 ** 127;

const COMMON = { growthSteps: 2000, growthFactor: 2, backoffFactor: 0.5, maxScale: LARGEST };

/** keras/src/optimizers/loss_scale_optimizer.py, tf_keras/mixed_precision/loss_scale_optimizer.py, torch/amp/grad_scaler.py. */
export const RULES: Readonly<Record<'keras3' | 'tf.keras' | 'pytorch', Rule>> = {
  keras3: { ...COMMON, initialScale: 2 ** 15, minScale: 0, countSkipped: false, scaledGradients: true },
  'tf.keras': { ...COMMON, initialScale: 2 ** 15, minScale: 1, countSkipped: true, scaledGradients: false },
  pytorch: { ...COMMON, initialScale: 2 ** 16, minScale: 0, countSkipped: false, scaledGradients: true },
};

export interface State {
  scale: number;
  growthCounter: number;
  /** Whether the step's update is applied. */
  apply: number;
  /** What the step's gradients are multiplied with. */
  inverse: number;
  skipped: number;
  iterations: number;
}

export function start({ initialScale }: Rule): State {
  const scale = Math.fround(initialScale);
  return { scale, growthCounter: 0, apply: 1, inverse: 1, skipped: 0, iterations: 0 };
}

/** The state after a step whose gradients are `finite` or not; the new scale serves the next step. */
export function step(before: State, finite: boolean, rule: Rule): State {
  const state = { ...before };
  state.apply = finite ? 1 : 0;
  state.inverse = rule.scaledGradients ? Math.fround(1 / state.scale) : 1;
  if (finite || rule.countSkipped) state.iterations++;
  if (!finite) {
    state.skipped++;
    state.growthCounter = 0;
    const lower = Math.fround(state.scale * Math.fround(rule.backoffFactor));
    state.scale = Math.max(lower, Math.fround(rule.minScale), SMALLEST);
    return state;
  }
  state.growthCounter++;
  if (state.growthCounter < rule.growthSteps) return state;
  state.growthCounter = 0;
  const higher = Math.fround(state.scale * Math.fround(rule.growthFactor));
  if (higher <= rule.maxScale) state.scale = higher;
  return state;
}

export function run(finite: readonly boolean[], rule: Rule): State {
  return finite.reduce((state, ok) => step(state, ok, rule), start(rule));
}
