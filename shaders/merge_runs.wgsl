// Sorted runs of `run` (key, place) pairs, in rows of `columns`, become runs twice as long: each pair goes behind its own
// run's pairs before it and those of the other run that come first. Of equal keys those of the left run do.
struct Params {
  size: u32,
  columns: u32,
  run: u32,
}

@group(0) @binding(0) var<storage, read> sorted: array<vec2<u32>>;
@group(0) @binding(1) var<storage, read_write> merged: array<vec2<u32>>;
@group(0) @binding(2) var<uniform> params: Params;

// #include "lib/grid.wgsl"

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = linearIndex(group, groups, lane, 64u);
  if i >= params.size {
    return;
  }
  let row = i / params.columns;
  let column = i - row * params.columns;
  let run = column / params.run;
  let isLeft = (run & 1u) == 0u;
  let other = select(run - 1u, run + 1u, isLeft) * params.run;
  let first = row * params.columns + other;
  let own = sorted[i];
  var low = 0u;
  var high = select(0u, min(params.run, params.columns - other), other < params.columns);
  while low < high {
    let middle = (low + high) >> 1u;
    let key = sorted[first + middle].x;
    if key < own.x || (key == own.x && !isLeft) {
      low = middle + 1u;
    } else {
      high = middle;
    }
  }
  // A left run begins where the merged one does; before a right one the whole left run is counted in its own column.
  let before = select(other + low + column - run * params.run, column + low, isLeft);
  merged[row * params.columns + before] = own;
}
