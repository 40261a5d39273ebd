// Gradient of softmax cross-entropy by the logits: g[row] (e^(logits - lse) T[row] - t), rows x columns, T the sum of the
// row's targets. SPARSE: targets are class numbers (i32), T is 1. Otherwise they are f32, and T is total[row].
alias In4 = vec4<f32>;
alias Out4 = vec4<f32>;
alias Acc = f32;

override SPARSE: bool = true;
// Rows are whole quads.
override WHOLE: bool = false;

struct Params {
  size: u32,
  columns: u32,
}

@group(0) @binding(0) var<storage, read> logits: array<In4>;
@group(0) @binding(1) var<storage, read> targets: array<u32>;
@group(0) @binding(2) var<storage, read> total: array<f32>;
@group(0) @binding(3) var<storage, read> lse: array<vec2<f32>>;
@group(0) @binding(4) var<storage, read> g: array<f32>;
@group(0) @binding(5) var<storage, read_write> y: array<Out4>;
@group(0) @binding(6) var<uniform> params: Params;

// #include "lib/grid.wgsl"
// #include "lib/in.wgsl"
// #include "lib/narrow.wgsl"
// #include "lib/out.wgsl"

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let quad = linearIndex(group, groups, lane, 64u);
  if quad * 4u >= params.size {
    return;
  }
  let x = in4(logits[quad]);
  var result: vec4<Acc>;
  if WHOLE && SPARSE {
    let row = quad * 4u / params.columns;
    let column = quad * 4u - row * params.columns;
    let own = lse[row];
    let hit = vec4<u32>(targets[row]) == vec4<u32>(column) + vec4<u32>(0u, 1u, 2u, 3u);
    result = g[row] * (exp((x - own.x) - own.y) - select(vec4<f32>(), vec4<f32>(1.0), hit));
    y[quad] = out4(result);
    return;
  }
  for (var j = 0u; j < 4u; j++) {
    let i = min(quad * 4u + j, params.size - 1u);
    let row = i / params.columns;
    let softmax = exp((x[j] - lse[row].x) - lse[row].y);
    if SPARSE {
      result[j] = g[row] * (softmax - select(0.0, 1.0, targets[row] == i % params.columns));
    } else {
      result[j] = g[row] * (softmax * total[row] - bitcast<f32>(targets[i]));
    }
  }
  y[quad] = out4(result);
}
