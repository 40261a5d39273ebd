// Reference: the loss-scale state machines of Keras 3, tf.keras and PyTorch, one step at a time, in float32 arithmetic.

export interface Rule {
  readonly initialScale: number;
  readonly growthSteps: number;
  readonly growthFactor: number;
  readonly backoffFactor: number;
  readonly minScale: number;
  readonly maxScale: number;
  readonly hysteresis: number;
  readonly consecutiveHysteresis: boolean;
  readonly accumulation: 'microBatch' | 'window';
  readonly countSkipped: boolean;
  /** Gradients arrive multiplied with the scale. */
  readonly scaledGradients: boolean;
}

/** The smallest normal float32 and the largest power of two in float32: between them a scale and its inverse are numbers. */
export const SMALLEST = 2 ** -126;
export const LARGEST = 2 ** 127;

const COMMON = {
  ...{ growthSteps: 2000, growthFactor: 2, backoffFactor: 0.5, maxScale: LARGEST },
  ...{ hysteresis: 1, consecutiveHysteresis: false, accumulation: 'microBatch' as const },
};

/** keras/src/optimizers/loss_scale_optimizer.py, tf_keras/mixed_precision/loss_scale_optimizer.py, torch/amp/grad_scaler.py. */
export const RULES: Readonly<Record<'keras3' | 'tf.keras' | 'pytorch', Rule>> = {
  keras3: { ...COMMON, initialScale: 2 ** 15, minScale: 0, countSkipped: false, scaledGradients: true },
  'tf.keras': { ...COMMON, initialScale: 2 ** 15, minScale: 1, countSkipped: true, scaledGradients: false },
  pytorch: {
    ...{ ...COMMON, initialScale: 2 ** 16, minScale: 0, countSkipped: false, scaledGradients: true },
    accumulation: 'window',
  },
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
  /** Steps of the present window; where each has its own scale, finite ones. */
  gathered: number;
  /** Overflows since the tolerance for them was refilled, at most `hysteresis`. */
  endured: number;
  inARow: number;
  /** Whether a step of the present window overflowed. */
  overflow: number;
}

export function start({ initialScale }: Rule): State {
  return {
    ...{
      scale: Math.fround(initialScale),
      growthCounter: 0,
      apply: 1,
      inverse: 1,
      skipped: 0,
      iterations: 0,
    },
    ...{ gathered: 0, endured: 0, inARow: 0, overflow: 0 },
  };
}

/** The state after a step whose gradients are `finite` or not; the new scale serves the next step, or the next window. */
export function step(before: State, finite: boolean, rule: Rule, window = 1): State {
  const state = { ...before };
  const arriving = rule.scaledGradients ? Math.fround(1 / state.scale) : 1;
  state.inverse = window > 1 ? Math.fround(1 / window) : arriving;
  if (rule.accumulation === 'window') {
    state.gathered = (state.gathered % window) + 1;
    if (!finite) state.overflow = 1;
    if (state.gathered < window) return { ...state, apply: 0 };
    return decide(state, state.overflow === 0, state.overflow === 0, rule, true);
  }
  if (finite) state.gathered = (state.gathered % window) + 1;
  return decide(state, finite, finite && state.gathered === window, rule, window === 1);
}

/** `whole`: a step that is skipped is as good as an update that is. */
function decide(state: State, finite: boolean, applies: boolean, rule: Rule, whole: boolean): State {
  const decided = { ...state, overflow: 0, apply: applies ? 1 : 0, inARow: finite ? 0 : state.inARow + 1 };
  if (applies || (rule.countSkipped && whole)) decided.iterations++;
  return finite ? grown(decided, rule) : backedOff(decided, rule);
}

function backedOff(state: State, rule: Rule): State {
  const endured = Math.min(state.endured + 1, rule.hysteresis);
  const counted = { ...state, skipped: state.skipped + 1, growthCounter: 0, endured };
  if (endured < rule.hysteresis) return counted;
  const lower = Math.fround(state.scale * Math.fround(rule.backoffFactor));
  return { ...counted, scale: Math.max(lower, Math.fround(rule.minScale), SMALLEST) };
}

function grown(state: State, rule: Rule): State {
  const endured = rule.consecutiveHysteresis ? 0 : state.endured;
  const growthCounter = state.growthCounter + 1;
  if (growthCounter < rule.growthSteps) return { ...state, growthCounter, endured };
  const higher = Math.fround(state.scale * Math.fround(rule.growthFactor));
  const scale = higher <= Math.fround(rule.maxScale) ? higher : state.scale;
  return { ...state, scale, growthCounter: 0, endured: 0 };
}

export function run(finite: readonly boolean[], rule: Rule, window = 1): State {
  return finite.reduce((state, ok) => step(state, ok, rule, window), start(rule));
}
