// y = e^(logits - lse) or, with LOG, logits - lse: rows x columns, lse two f32 a row, its maximum and the rest.
alias In4 = vec4<f32>;
alias Out4 = vec4<f32>;
alias Acc = f32;

override LOG: bool = false;
// Rows are whole quads.
override WHOLE: bool = false;

struct Params {
  size: u32,
  columns: u32,
}

@group(0) @binding(0) var<storage, read> logits: array<In4>;
@group(0) @binding(1) var<storage, read> lse: array<vec2<f32>>;
@group(0) @binding(2) var<storage, read_write> y: array<Out4>;
@group(0) @binding(3) var<uniform> params: Params;

// #include "lib/grid.wgsl"
// #include "lib/in.wgsl"
// #include "lib/narrow.wgsl"
// #include "lib/out.wgsl"

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let quad = linearIndex(group, groups, lane, 64u);
  let i = quad * 4u;
  if i >= params.size {
    return;
  }
  let x = in4(logits[quad]);
  var v: vec4<f32>;
  if WHOLE {
    let own = lse[i / params.columns];
    v = (x - own.x) - own.y;
    y[quad] = out4(select(exp(v), v, LOG));
    return;
  }
  for (var j = 0u; j < 4u; j++) {
    let row = min(i + j, params.size - 1u) / params.columns;
    v[j] = (x[j] - lse[row].x) - lse[row].y;
  }
  y[quad] = out4(select(exp(v), v, LOG));
}
