// y[i] = value, size elements.
alias Out4 = vec4<f32>;
alias Acc = f32;

struct Params {
  size: u32,
  // Bits of an Acc.
  value: u32,
}

@group(0) @binding(0) var<storage, read_write> y: array<Out4>;
@group(0) @binding(1) var<uniform> params: Params;

// #include "lib/grid.wgsl"
// #include "lib/narrow.wgsl"
// #include "lib/out.wgsl"

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let quad = linearIndex(group, groups, lane, 64u);
  if quad * 4u < params.size {
    y[quad] = out4(vec4<Acc>(bitcast<Acc>(params.value)));
  }
}
