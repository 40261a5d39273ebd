// flat[i] = the place of index (indices[i, 0], .. indices[i, depth - 1]) in an array of sizes s0, .. s5, or -1 where it lies outside.
struct Params {
  count: u32,
  depth: u32,
  s0: u32,
  s1: u32,
  s2: u32,
  s3: u32,
  s4: u32,
  s5: u32,
}

@group(0) @binding(0) var<storage, read> indices: array<u32>;
@group(0) @binding(1) var<storage, read_write> flat: array<i32>;
@group(0) @binding(2) var<uniform> params: Params;

// #include "lib/grid.wgsl"

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = linearIndex(group, groups, lane, 64u);
  if i >= params.count {
    return;
  }
  var sizes = array<u32, 6>(params.s0, params.s1, params.s2, params.s3, params.s4, params.s5);
  var place = 0u;
  var inside = true;
  for (var axis = 0u; axis < params.depth; axis++) {
    let own = indices[i * params.depth + axis];
    inside &= own < sizes[axis];
    place = place * sizes[axis] + own;
  }
  flat[i] = select(-1, i32(place), inside);
}
