// y[i] = x[i], QUADS vec4 an invocation: the rate at which kernels that only move bytes can go.
const QUADS = 4u;

struct Params {
  quads: u32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4<u32>>;
@group(0) @binding(2) var<uniform> params: Params;

// #include "lib/grid.wgsl"

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let first = linearIndex(group, groups, 0u, 64u * QUADS) + lane;
  if first + 64u * (QUADS - 1u) < params.quads {
    for (var i = 0u; i < QUADS; i++) {
      y[first + 64u * i] = x[first + 64u * i];
    }
    return;
  }
  for (var i = 0u; i < QUADS; i++) {
    if first + 64u * i < params.quads {
      y[first + 64u * i] = x[first + 64u * i];
    }
  }
}
