// The gradient replaces the weights, as it arrives, unless the state says to skip: for variables that are statistics
// rather than parameters (Keras's overwrite_with_gradient). COPY: also written as halves.
alias In4 = vec4<f32>;
alias Out4 = vec4<f32>;
alias Acc = f32;

override COPY: bool = false;

struct Params {
  size: u32,
}

@group(0) @binding(0) var<storage, read> gradient: array<In4>;
@group(0) @binding(1) var<storage, read> state: ScaleState;
@group(0) @binding(2) var<storage, read_write> master: array<Out4>;
@group(0) @binding(3) var<storage, read_write> copy: array<vec2<u32>>;
@group(0) @binding(4) var<uniform> params: Params;

// #include "lib/grid.wgsl"
// #include "lib/in.wgsl"
// #include "lib/narrow.wgsl"
// #include "lib/out.wgsl"
// #include "lib/scale_state.wgsl"

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let quad = linearIndex(group, groups, lane, 64u);
  if quad * 4u >= params.size || state.apply == 0u {
    return;
  }
  let w = in4(gradient[quad]);
  master[quad] = out4(w);
  if COPY {
    copy[quad] = narrow(w);
  }
}
