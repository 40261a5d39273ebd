// One invocation ends a step's loss scaling: decides whether the update applies, moves the scale, counts.
// finite: growthCounter + 1 reaches growthSteps -> scale * growthFactor (unless it would pass maxScale), counter 0.
// overflow: scale * backoffFactor, not below minScale; counter 0; the update is skipped.
// The optimizer kernels that follow read apply and inverse; the new scale serves the next step.
struct Params {
  dynamic: u32,
  growthSteps: u32,
  growthFactor: f32,
  backoffFactor: f32,
  minScale: f32,
  maxScale: f32,
  // Gradients arrive multiplied with the scale.
  scaled: u32,
  // Skipped steps count as iterations.
  countSkipped: u32,
  beta1: f32,
  beta2: f32,
  // Nadam's beta1 grows towards itself: beta1 (1 - momentumDecay^t / 2) in step t. 0: it stays.
  momentumDecay: f32,
  // Finite steps over which gradients are gathered before an update applies; 1: each one applies its own.
  window: u32,
}

@group(0) @binding(0) var<storage, read_write> state: ScaleState;
@group(0) @binding(1) var<uniform> params: Params;

// #include "lib/scale_state.wgsl"

@compute @workgroup_size(1)
fn main() {
  let finite = state.overflow == 0u;
  state.overflow = 0u;
  state.finite = select(0u, 1u, finite);
  if finite {
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
  // tf.keras's Adam goes by iterations, which skipped steps advance there.
  if applies || (params.window == 1u && params.countSkipped == 1u) {
    state.iterations += 1u;
    var fade = 0.0;
    if params.momentumDecay > 0.0 {
      fade = 0.5 * pow(params.momentumDecay, f32(state.iterations));
    }
    state.beta1Power *= params.beta1 * (1.0 - fade);
    state.beta2Power *= params.beta2;
  }
  if !finite {
    state.skipped += 1u;
  }
  if params.dynamic == 0u {
    return;
  }
  if !finite {
    state.scale = max(state.scale * params.backoffFactor, params.minScale);
    state.growthCounter = 0u;
  } else if state.growthCounter + 1u >= params.growthSteps {
    // Compared before multiplying: the product of a scale near the end of float32 is not to be relied on.
    if state.scale <= params.maxScale / params.growthFactor {
      state.scale *= params.growthFactor;
    }
    state.growthCounter = 0u;
  } else {
    state.growthCounter += 1u;
  }
}
