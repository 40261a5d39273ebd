// What holds gradients within a norm: for each of the groups of blocks, from ranges[i].x to before ranges[i].y,
// f = bound / max(sqrt(sum of sums), bound), 1 where the norm is within the bound. A workgroup a group: its blocks' factors
// become f; with GLOBAL there is one group, and factors[0] alone.
override GLOBAL: bool = false;

const LANES = 64u;

struct Params {
  groups: u32,
  bound: f32,
}

@group(0) @binding(0) var<storage, read> ranges: array<vec2<u32>>;
@group(0) @binding(1) var<storage, read> sums: array<f32>;
@group(0) @binding(2) var<storage, read_write> factors: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;

// #include "lib/grid.wgsl"

var<workgroup> partial: array<f32, LANES>;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let index = linearIndex(group, groups, 0u, 1u);
  // All lanes alike, so that the barriers below are met by all.
  if index >= params.groups {
    return;
  }
  let range = ranges[index];
  var sum = 0.0;
  for (var block = range.x + lane; block < range.y; block += LANES) {
    sum += sums[block];
  }
  partial[lane] = sum;
  workgroupBarrier();
  for (var width = LANES / 2u; width > 0u; width /= 2u) {
    if lane < width {
      partial[lane] += partial[lane + width];
    }
    workgroupBarrier();
  }
  let norm = sqrt(partial[0]);
  let f = params.bound / max(norm, params.bound);
  if GLOBAL {
    if lane == 0u {
      factors[0] = f;
    }
    return;
  }
  for (var block = range.x + lane; block < range.y; block += LANES) {
    factors[block] = f;
  }
}
