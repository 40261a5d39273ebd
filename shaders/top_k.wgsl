// indices[row, j] = the place of the j-th of a row's sorted pairs, and flat[row, j] its place in all rows, for j below k.
struct Params {
  size: u32, // rows k
  columns: u32,
  k: u32,
}

@group(0) @binding(0) var<storage, read> sorted: array<vec2<u32>>;
@group(0) @binding(1) var<storage, read_write> indices: array<i32>;
@group(0) @binding(2) var<storage, read_write> flat: array<i32>;
@group(0) @binding(3) var<uniform> params: Params;

// #include "lib/grid.wgsl"

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = linearIndex(group, groups, lane, 64u);
  if i >= params.size {
    return;
  }
  let row = i / params.k;
  let first = row * params.columns;
  let place = sorted[first + i - row * params.k].y;
  indices[i] = i32(place);
  flat[i] = i32(first + place);
}
