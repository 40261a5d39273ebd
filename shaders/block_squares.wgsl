// sums[first + i] = the sum of (gradient * inverse)^2 over the first blocks[i] elements of block i, of 128, of an arena:
// the norms of variables, and of all of them, are sums over whole blocks.
alias In4 = vec4<f32>;
alias Acc = f32;

struct Params {
  count: u32, // blocks
  first: u32,
}

@group(0) @binding(0) var<storage, read> gradient: array<In4>;
@group(0) @binding(1) var<storage, read> blocks: array<u32>;
@group(0) @binding(2) var<storage, read> state: ScaleState;
@group(0) @binding(3) var<storage, read_write> sums: array<f32>;
@group(0) @binding(4) var<uniform> params: Params;

// #include "lib/grid.wgsl"
// #include "lib/in.wgsl"
// #include "lib/scale_state.wgsl"

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let block = linearIndex(group, groups, lane, 64u);
  if block >= params.count {
    return;
  }
  let size = blocks[block];
  var sum = vec4<Acc>(0.0);
  for (var quad = 0u; quad * 4u < size; quad++) {
    let g = in4(gradient[block * 32u + quad]) * state.inverse;
    let inside = vec4<u32>(quad * 4u) + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(size);
    sum += select(vec4<Acc>(0.0), g * g, inside);
  }
  sums[params.first + block] = (sum.x + sum.y) + (sum.z + sum.w);
}
