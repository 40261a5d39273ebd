// y[row] = OP over r of x[row, r], times scale: x is rows x reduced. A workgroup owns four rows (one quad of results):
// its invocations stride along each row, then fold their partial results in a tree.
alias In4 = vec4<f32>;
alias Out4 = vec4<f32>;
alias Acc = f32;

override OP: u32 = 0;
override FLOATS: bool = true;
// reduced is whole quads.
override QUADS: bool = false;

const SUM = 0u;
const MAX = 1u;
const MIN = 2u;
const PROD = 3u;
const LANES = 64u;

struct Params {
  rows: u32,
  reduced: u32,
  scale: f32,
}

@group(0) @binding(0) var<storage, read> x: array<In4>;
@group(0) @binding(1) var<storage, read_write> y: array<Out4>;
@group(0) @binding(2) var<uniform> params: Params;

// #include "lib/in.wgsl"
// #include "lib/narrow.wgsl"
// #include "lib/out.wgsl"
// #include "lib/reduction.wgsl"
// #include "lib/extremes.wgsl"

var<workgroup> partial: array<vec4<Acc>, LANES>;

fn at(i: u32) -> Acc {
  return in4(x[i >> 2u])[i & 3u];
}

// One invocation's share of a row; at least its first value, so that MAX and MIN have one.
fn share(row: u32, lane: u32) -> Acc {
  let first = row * params.reduced;
  var acc = begin(vec4<Acc>(at(first)));
  if QUADS {
    for (var quad = lane; quad < (params.reduced >> 2u); quad += LANES) {
      acc = combine(acc, in4(x[(first >> 2u) + quad]));
    }
    return combine(combine(acc.xxxx, acc.yyyy), combine(acc.zzzz, acc.wwww)).x;
  }
  for (var r = lane; r < params.reduced; r += LANES) {
    acc = combine(acc, vec4<Acc>(at(first + r)));
  }
  return acc.x;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let quad = group.y * groups.x + group.x;
  var mine: vec4<Acc>;
  for (var j = 0u; j < 4u; j++) {
    mine[j] = share(min(quad * 4u + j, params.rows - 1u), lane);
  }
  partial[lane] = mine;
  workgroupBarrier();
  for (var width = LANES / 2u; width > 0u; width /= 2u) {
    if lane < width {
      partial[lane] = combine(partial[lane], partial[lane + width]);
    }
    workgroupBarrier();
  }
  if lane == 0u && quad * 4u < params.rows {
    y[quad] = out4(partial[0] * vec4<Acc>(Acc(params.scale)));
  }
}
