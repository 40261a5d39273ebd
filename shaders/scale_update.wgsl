// One invocation ends a step's loss scaling: decides whether the update applies, moves the scale, counts.
// finite: growthCounter + 1 reaches growthSteps -> scale * growthFactor (unless it would pass the largest), counter 0.
// overflow: counter 0, the update is skipped; the hysteresis-th since the tolerance was refilled, and those after it
// -> scale * backoffFactor, not below minScale.
// The optimizer kernels that follow read apply and inverse; the new scale serves the next step.
// Several optimizers may share a scale: each step then takes it from there and leaves there what it met (STEP), and the
// scale moves once all have (SHARED).
override PART: u32 = 0;

const ALONE = 0u;
const STEP = 1u;
const SHARED = 2u;

struct Params {
  dynamic: u32,
  growthSteps: u32,
  growthFactor: f32,
  backoffFactor: f32,
  minScale: f32,
  // The largest scale that may still grow.
  growthLimit: f32,
  hysteresis: u32,
  // Each finite step refills the tolerance for overflows; else growth does, whether or not it stops at the limit.
  consecutive: u32,
  // Gradients arrive multiplied with the scale.
  scaled: u32,
  // Skipped steps count as iterations.
  countSkipped: u32,
  beta1: f32,
  beta2: f32,
  // Nadam's beta1 grows towards itself: beta1 (1 - momentumDecay^t / 2) in step t. 0: it stays.
  momentumDecay: f32,
  // Steps over which gradients are gathered before an update applies; 1: each one applies its own.
  window: u32,
  // One scale and one decision for all steps of a window; else each has its own, and those that overflow are not in it.
  windowed: u32,
}

@group(0) @binding(0) var<storage, read_write> state: ScaleState;
@group(0) @binding(1) var<storage, read_write> shared_state: ScaleState;
@group(0) @binding(2) var<uniform> params: Params;

// #include "lib/scale_state.wgsl"

@compute @workgroup_size(1)
fn main() {
  switch PART {
    case SHARED: { endShared(); }
    case STEP: {
      state.scale = shared_state.scale;
      if endStep() {
        shared_state.apply = 1u;
        shared_state.overflow |= 1u - state.finite;
      }
    }
    default: {
      if endStep() {
        moveScale(state.finite == 1u);
      }
    }
  }
}

// Returns whether the step, or the window of steps that it belongs to, is decided on.
fn endStep() -> bool {
  let finite = state.overflow == 0u;
  let windowed = params.windowed == 1u;
  state.finite = select(0u, 1u, finite);
  if finite || windowed {
    state.gathered = state.gathered % params.window + 1u;
  }
  let applies = finite && state.gathered == params.window;
  state.apply = select(0u, 1u, applies);
  state.arriving = 1.0;
  if params.scaled == 1u {
    state.arriving = 1.0 / state.scale;
  }
  // Gathered gradients are unscaled already, and summed.
  state.inverse = select(state.arriving, 1.0 / f32(params.window), params.window > 1u);
  if windowed && state.gathered < params.window {
    // The flag stays for the rest of the window.
    return false;
  }
  // tf.keras's Adam goes by iterations, which skipped steps advance there.
  if applies || (params.countSkipped == 1u && (windowed || params.window == 1u)) {
    state.iterations += 1u;
    var fade = 0.0;
    if params.momentumDecay > 0.0 {
      fade = 0.5 * pow(params.momentumDecay, f32(state.iterations));
    }
    state.beta1Power *= params.beta1 * (1.0 - fade);
    state.beta2Power *= params.beta2;
  }
  count(finite);
  return true;
}

// apply tells whether a step has come since the scale last moved.
fn endShared() {
  if state.apply == 0u {
    return;
  }
  state.apply = 0u;
  let finite = state.overflow == 0u;
  count(finite);
  moveScale(finite);
}

fn count(finite: bool) {
  state.overflow = 0u;
  state.inARow = select(state.inARow + 1u, 0u, finite);
  if !finite {
    state.skipped += 1u;
  }
}

fn moveScale(finite: bool) {
  if params.dynamic == 0u {
    return;
  }
  if !finite {
    state.growthCounter = 0u;
    state.endured = min(state.endured + 1u, params.hysteresis);
    if state.endured == params.hysteresis {
      state.scale = max(state.scale * params.backoffFactor, params.minScale);
    }
    return;
  }
  if params.consecutive == 1u {
    state.endured = 0u;
  }
  state.growthCounter += 1u;
  if state.growthCounter < params.growthSteps {
    return;
  }
  state.growthCounter = 0u;
  state.endured = 0u;
  // Compared before multiplying: the product of a scale near the end of float32 is not to be relied on.
  if state.scale <= params.growthLimit {
    state.scale *= params.growthFactor;
  }
}
