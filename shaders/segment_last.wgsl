// y[s] = the last j of segment s, or -1 where it has none. `sorted` holds (segment, j), sorted, and starts[s] where s begins in it.
struct Params {
  segments: u32,
}

@group(0) @binding(0) var<storage, read> sorted: array<vec2<u32>>;
@group(0) @binding(1) var<storage, read> starts: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<i32>;
@group(0) @binding(3) var<uniform> params: Params;

// #include "lib/grid.wgsl"

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let segment = linearIndex(group, groups, lane, 64u);
  if segment >= params.segments {
    return;
  }
  let end = starts[segment + 1u];
  var last = -1;
  if end > starts[segment] {
    last = i32(sorted[end - 1u].y);
  }
  y[segment] = last;
}
