// An optimizer's update of size elements: one variable, or an arena of them, each from a whole block of 128 elements on.
// A shader gives `update`: the new weights for a quad, from the gradient of the loss and the old weights, its slots moved
// on. Nothing happens when the state says to skip. COPY: the new weights are also written as halves.
alias In4 = vec4<f32>;     // gradients
alias Out4 = vec4<f32>;    // slots
alias Master4 = vec4<f32>; // weights
alias Acc = f32;

// Quads that an invocation updates.
const QUADS = 2u;

override COPY: bool = false;
// How masters in halves take their new values; lib/master.half.wgsl says what each means.
override ROUNDING: u32 = 0;
override SEED: u32 = 0;
override STREAM: u32 = 0;
// How gradients are held within bounds, after they are unscaled: not, by each element's value (BOUND), by the norm of their
// variable (factors[block]), by the norm of all together (factors[0]).
override CLIP: u32 = 0;
override BOUND: f32 = 0;

// Also in finite steps that only gather gradients.
override GATHERING: bool = false;

// Share of the weights, times the learning rate, that is taken off before the update (Loshchilov and Hutter 2019).
override DECAY: f32 = 0;

const NEAREST = 0u;
const STOCHASTIC = 1u;
const KAHAN = 2u;

const CLIP_NONE = 0u;
const CLIP_VALUE = 1u;
const CLIP_NORM = 2u;
const CLIP_GLOBAL_NORM = 3u;

// At most three slots may follow: WebGPU promises eight storage buffers.
@group(0) @binding(0) var<storage, read> gradient: array<In4>;
@group(0) @binding(1) var<storage, read> state: ScaleState;
@group(0) @binding(2) var<storage, read> factors: array<f32>;
@group(0) @binding(3) var<storage, read_write> master: array<Master4>;
// Of f32 masters the copy, of masters in halves what rounding took off them.
@group(0) @binding(4) var<storage, read_write> halves: array<vec2<u32>>;

// #include "lib/grid.wgsl"
// #include "lib/half_rounding.wgsl"
// #include "lib/in.wgsl"
// #include "lib/master.wgsl"
// #include "lib/narrow.wgsl"
// #include "lib/out.wgsl"
// #include "lib/scale_state.wgsl"
// #include "lib/threefry.wgsl"

fn gradientAt(quad: u32) -> vec4<Acc> {
  let g = in4(gradient[quad]) * state.inverse;
  switch CLIP {
    // Comparisons, since clamp would hide a NaN.
    case CLIP_VALUE: { return select(select(g, vec4<Acc>(BOUND), g > vec4<Acc>(BOUND)), vec4<Acc>(-BOUND), g < vec4<Acc>(-BOUND)); }
    case CLIP_NORM: { return g * factors[quad / 32u]; }
    case CLIP_GLOBAL_NORM: { return g * factors[0]; }
    default: { return g; }
  }
}

fn decay(w: vec4<Acc>) -> vec4<Acc> {
  if DECAY == 0.0 {
    return w;
  }
  return w - w * (DECAY * state.learningRate);
}

fn step(quad: u32) {
  storeWeight(quad, update(quad, gradientAt(quad), decay(weightAt(quad))));
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  if select(state.apply, state.finite, GATHERING) == 0u {
    return;
  }
  let first = linearIndex(group, groups, 0u, 64u * QUADS) + lane;
  // Whole workgroups take a body without branches: on a software adapter much faster.
  if first - lane + 64u * QUADS <= (params.size + 3u) / 4u {
    for (var i = 0u; i < QUADS; i++) {
      step(first + 64u * i);
    }
    return;
  }
  for (var quad = first; quad * 4u < params.size; quad += 64u) {
    step(quad);
  }
}
