// rows[i] = (peak[i], inverse[i], g[i] . y[i], 0), what the gradients of attention need of each query: the last product is the sum
// over j of p[i, j] (g[i] . v[j]) (Dao et al. 2022). LANES neighbouring invocations share a row of `columns` elements.
alias In4 = vec4<f32>;
alias Acc = f32;

const LANES = 8u;

override WHOLE: bool = false;

struct Params {
  rows: u32,
  columns: u32,
}

@group(0) @binding(0) var<storage, read> g: array<In4>;
@group(0) @binding(1) var<storage, read> y: array<In4>;
@group(0) @binding(2) var<storage, read> statistics: array<vec2<f32>>;
@group(0) @binding(3) var<storage, read_write> rows: array<vec4<f32>>;
@group(0) @binding(4) var<uniform> params: Params;

// #include "lib/in.wgsl"
// #include "lib/lanes.wgsl"

// A sum, and nothing.
alias Folded = vec2<f32>;

var<workgroup> folded: array<Folded, 64>;

fn merged(a: Folded, b: Folded) -> Folded {
  return a + b;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let row = rowOf(group, groups, lane);
  let own = lane % LANES;
  let quads = (params.columns + 3u) / 4u;
  let first = min(row, params.rows - 1u) * quads;
  var sum = 0.0;
  for (var quad = own; quad < quads; quad += LANES) {
    sum += dot(in4(g[first + quad]), in4(y[first + quad]));
  }
  sum = foldLanes(lane, Folded(sum, 0.0)).x;
  if own == 0u && row < params.rows {
    rows[row] = vec4<f32>(statistics[row], sum, 0.0);
  }
}
