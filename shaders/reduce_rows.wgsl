// y[row, p] = OP over the elements of part p of x[row, r], times scale: x is rows x reduced, y is rows x parts. A result belongs to
// LANES neighbouring invocations, which take every LANES-th quad of its elements and fold what they have in order; with one
// lane an invocation owns a quad of results.
alias In4 = vec4<f32>;
alias Out4 = vec4<f32>;
alias Acc = f32;

const WORKGROUP = 64u;
const LANES = 16u;
const HELD = 4u;
// Values that one invocation folds, and such folds a result.
const NEAR = min(LANES, 8u);
const FAR = LANES / NEAR;

override OP: u32 = 0;
override FLOATS: bool = true;
// Parts begin and end with whole quads.
override QUADS: bool = false;

const SUM = 0u;
const MAX = 1u;
const MIN = 2u;
const PROD = 3u;

struct Params {
  rows: u32,
  reduced: u32,
  parts: u32,
  chunk: u32, // elements of a part
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

var<workgroup> near: array<Acc, WORKGROUP>;
var<workgroup> far: array<Acc, WORKGROUP / NEAR>;

// An invocation's share of a result; MAX and MIN start from the part's first element.
fn share(index: u32, own: u32) -> Acc {
  let row = index / params.parts;
  let part = index - row * params.parts;
  let first = row * params.reduced + part * params.chunk;
  let end = min(first + params.chunk, (row + 1u) * params.reduced);
  let none = begin(vec4<Acc>(in4(x[first >> 2u])[first & 3u]));
  var acc = none;
  // Quads that are whole, and those at the edges that are not.
  let start = (first + 3u) >> 2u;
  let stop = end >> 2u;
  if !QUADS {
    if own == 0u && start > first >> 2u {
      acc = combine(acc, within(first >> 2u, first, end, none));
    }
    if own == LANES - 1u && stop >= start && stop * 4u < end {
      acc = combine(acc, within(stop, first, end, none));
    }
  }
  var q = start + own;
  for (; q + LANES * (HELD - 1u) < stop; q += LANES * HELD) {
    for (var i = 0u; i < HELD; i++) {
      acc = combine(acc, in4(x[q + i * LANES]));
    }
  }
  for (; q < stop; q += LANES) {
    acc = combine(acc, in4(x[q]));
  }
  return both(both(acc.x, acc.y), both(acc.z, acc.w));
}

fn within(quad: u32, first: u32, end: u32, none: vec4<Acc>) -> vec4<Acc> {
  let places = vec4<u32>(quad * 4u) + vec4<u32>(0u, 1u, 2u, 3u);
  return select(none, in4(x[quad]), (places >= vec4<u32>(first)) & (places < vec4<u32>(end)));
}

fn both(p: Acc, q: Acc) -> Acc {
  return combine(vec4<Acc>(p), vec4<Acc>(q)).x;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let place = group.y * groups.x + group.x;
  let size = params.rows * params.parts;
  let scale = vec4<Acc>(Acc(params.scale));
  if LANES == 1u {
    let quad = place * WORKGROUP + lane;
    if quad * 4u < size {
      var v: vec4<Acc>;
      for (var j = 0u; j < 4u; j++) {
        v[j] = share(min(quad * 4u + j, size - 1u), 0u);
      }
      y[quad] = out4(v * scale);
    }
    return;
  }
  near[lane] = share(min(place * (WORKGROUP / LANES) + lane / LANES, size - 1u), lane % LANES);
  workgroupBarrier();
  if lane < WORKGROUP / NEAR {
    var acc = near[lane * NEAR];
    for (var i = 1u; i < NEAR; i++) {
      acc = both(acc, near[lane * NEAR + i]);
    }
    far[lane] = acc;
  }
  workgroupBarrier();
  let quad = place * (WORKGROUP / LANES / 4u) + lane;
  if lane < WORKGROUP / LANES / 4u && quad * 4u < size {
    var v: vec4<Acc>;
    for (var j = 0u; j < 4u; j++) {
      let start = (lane * 4u + j) * FAR;
      v[j] = far[start];
      for (var i = 1u; i < FAR; i++) {
        v[j] = both(v[j], far[start + i]);
      }
    }
    y[quad] = out4(v * scale);
  }
}
