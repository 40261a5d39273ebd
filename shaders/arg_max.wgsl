// y[row] = index of the first largest value of x[row, 0 .. columns - 1], as i32. One invocation a row.
alias In4 = vec4<f32>;
alias Acc = f32;

struct Params {
  rows: u32,
  columns: u32,
}

@group(0) @binding(0) var<storage, read> x: array<In4>;
@group(0) @binding(1) var<storage, read_write> y: array<i32>;
@group(0) @binding(2) var<uniform> params: Params;

// #include "lib/grid.wgsl"
// #include "lib/in.wgsl"

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let row = linearIndex(group, groups, lane, 64u);
  if row >= params.rows {
    return;
  }
  let first = row * params.columns;
  var best = 0u;
  var largest = in4(x[first >> 2u])[first & 3u];
  for (var column = 1u; column < params.columns; column++) {
    let i = first + column;
    let value = in4(x[i >> 2u])[i & 3u];
    if value > largest {
      largest = value;
      best = column;
    }
  }
  y[row] = i32(best);
}
