// Gradients gathered over the steps of a window: accumulator += gradient, unscaled; the first step of a window begins anew,
// and a step that is not finite adds nothing. MAXIMUM: of statistics, as they arrive, the largest of the window and 0.
alias In4 = vec4<f32>;
alias Out4 = vec4<f32>;
alias Acc = f32;

override MAXIMUM: bool = false;
const FLOATS = true;

struct Params {
  size: u32,
}

@group(0) @binding(0) var<storage, read> gradient: array<In4>;
@group(0) @binding(1) var<storage, read> state: ScaleState;
@group(0) @binding(2) var<storage, read_write> accumulator: array<Out4>;
@group(0) @binding(3) var<uniform> params: Params;

// #include "lib/extremes.wgsl"
// #include "lib/grid.wgsl"
// #include "lib/in.wgsl"
// #include "lib/out.wgsl"
// #include "lib/scale_state.wgsl"

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let quad = linearIndex(group, groups, lane, 64u);
  if quad * 4u >= params.size || state.finite == 0u {
    return;
  }
  let gathered = select(own4(accumulator[quad]), vec4<Acc>(0.0), state.gathered == 1u);
  let g = in4(gradient[quad]);
  if MAXIMUM {
    accumulator[quad] = out4(larger(gathered, g));
  } else {
    accumulator[quad] = out4(gathered + g * state.arriving);
  }
}
