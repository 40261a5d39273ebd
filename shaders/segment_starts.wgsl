// starts[s] = how many of `count` sorted (segment, place) pairs belong to segments below s, for s = 0 .. segments.
struct Params {
  count: u32,
  segments: u32,
}

@group(0) @binding(0) var<storage, read> sorted: array<vec2<u32>>;
@group(0) @binding(1) var<storage, read_write> starts: array<u32>;
@group(0) @binding(2) var<uniform> params: Params;

// #include "lib/grid.wgsl"

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let segment = linearIndex(group, groups, lane, 64u);
  if segment > params.segments {
    return;
  }
  var low = 0u;
  var high = params.count;
  while low < high {
    let middle = (low + high) >> 1u;
    if sorted[middle].x < segment {
      low = middle + 1u;
    } else {
      high = middle;
    }
  }
  starts[segment] = low;
}
