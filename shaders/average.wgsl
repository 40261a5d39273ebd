// average = momentum average + (1 - momentum) w, of size weights; the first iteration takes w itself. Every frequency iterations,
// where that is not 0, the weights and their halves become the average. Nothing happens in a step that is not finite.
alias Out4 = vec4<f32>;    // averages
alias Master4 = vec4<f32>; // weights
alias Acc = f32;

override COPY: bool = false;
// As in interface/optimizer.wgsl.
override ROUNDING: u32 = 0;
override SEED: u32 = 0;
override STREAM: u32 = 0;

const NEAREST = 0u;
const STOCHASTIC = 1u;
const KAHAN = 2u;

struct Params {
  size: u32,
  momentum: f32,
  frequency: u32,
}

@group(0) @binding(0) var<storage, read> state: ScaleState;
@group(0) @binding(1) var<storage, read_write> master: array<Master4>;
@group(0) @binding(2) var<storage, read_write> halves: array<vec2<u32>>;
@group(0) @binding(3) var<storage, read_write> average: array<Out4>;
@group(0) @binding(4) var<uniform> params: Params;

// #include "lib/grid.wgsl"
// #include "lib/half_rounding.wgsl"
// #include "lib/master.wgsl"
// #include "lib/narrow.wgsl"
// #include "lib/out.wgsl"
// #include "lib/scale_state.wgsl"
// #include "lib/threefry.wgsl"

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let quad = linearIndex(group, groups, lane, 64u);
  if quad * 4u >= params.size || state.finite == 0u {
    return;
  }
  // An iteration is counted before its update.
  let before = state.iterations - state.apply;
  let w = weightAt(quad);
  var v = w;
  if before > 0u {
    v = params.momentum * own4(average[quad]) + (1.0 - params.momentum) * w;
  }
  average[quad] = out4(v);
  if params.frequency > 0u && (before + 1u) % max(params.frequency, 1u) == 0u {
    storeWeight(quad, v);
  }
}
