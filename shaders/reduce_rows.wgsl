// y[row, p] = OP over the elements of part p of x[row, r], times scale: x is rows x reduced, y is rows x parts. A result belongs to
// LANES neighbouring invocations, which take every LANES-th block of its elements and fold what they have in order; with one
// lane an invocation owns a quad of results. Rows of few elements, SHORT, are read as they lie: as many blocks as are EACH rows.
alias Out4 = vec4<f32>;
alias Acc = f32;

const WORKGROUP = 64u;
// Elements of a block.
const EACH = 4u;
const LANES = 16u;
const HELD = 4u;
// Values that one invocation folds, and such folds a result.
const NEAR = min(LANES, 8u);
const FAR = LANES / NEAR;
const SHORT = 0u;

override OP: u32 = 0;
override FLOATS: bool = true;
// Parts begin and end with whole blocks.
override WHOLE: bool = false;

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

@group(0) @binding(0) var<storage, read> x: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read_write> y: array<Out4>;
@group(0) @binding(2) var<uniform> params: Params;

// #include "lib/elements.wgsl"
// #include "lib/extremes.wgsl"
// #include "lib/narrow.wgsl"
// #include "lib/out.wgsl"
// #include "lib/quotient.wgsl"
// #include "lib/reduction.wgsl"

var<workgroup> near: array<Acc, WORKGROUP>;
var<workgroup> far: array<Acc, WORKGROUP / NEAR>;

fn withBlock(acc: vec4<Acc>, block: vec4<u32>) -> vec4<Acc> {
  let folded = combine(acc, first4(block));
  if EACH == 8u {
    return combine(folded, last4(block));
  }
  return folded;
}

// The same of the elements from `first` to before `end`, the others being `none`.
fn withEdge(acc: vec4<Acc>, at: u32, first: u32, end: u32, none: vec4<Acc>) -> vec4<Acc> {
  let places = vec4<u32>(at * EACH) + vec4<u32>(0u, 1u, 2u, 3u);
  let block = x[at];
  let folded = combine(acc, select(none, first4(block), (places >= vec4<u32>(first)) & (places < vec4<u32>(end))));
  if EACH == 8u {
    let later = places + 4u;
    return combine(folded, select(none, last4(block), (later >= vec4<u32>(first)) & (later < vec4<u32>(end))));
  }
  return folded;
}

fn both(p: Acc, q: Acc) -> Acc {
  return combine(vec4<Acc>(p), vec4<Acc>(q)).x;
}

// An invocation's share of a result; MAX and MIN start from the part's first element.
fn share(index: u32, own: u32) -> Acc {
  let row = quotient(index, params.parts);
  let part = index - row * params.parts;
  let first = row * params.reduced + part * params.chunk;
  let end = min(first + params.chunk, (row + 1u) * params.reduced);
  let none = begin(vec4<Acc>(elementAt(first)));
  var acc = none;
  // Blocks that are whole, and those at the edges that are not.
  let start = (first + EACH - 1u) / EACH;
  let stop = end / EACH;
  if !WHOLE {
    if own == 0u && start > first / EACH {
      acc = withEdge(acc, first / EACH, first, end, none);
    }
    if own == LANES - 1u && stop >= start && stop * EACH < end {
      acc = withEdge(acc, stop, first, end, none);
    }
  }
  var q = start + own;
  for (; q + LANES * (HELD - 1u) < stop; q += LANES * HELD) {
    for (var i = 0u; i < HELD; i++) {
      acc = withBlock(acc, x[q + i * LANES]);
    }
  }
  for (; q < stop; q += LANES) {
    acc = withBlock(acc, x[q]);
  }
  return both(both(acc.x, acc.y), both(acc.z, acc.w));
}

// EACH rows from block `unit` * SHORT on: indices are constants once the loops are unrolled.
fn shortRows(unit: u32) {
  var held: array<vec4<Acc>, max(SHORT, 1u) * EACH / 4u>;
  for (var i = 0u; i < SHORT; i++) {
    let block = x[unit * SHORT + i];
    held[i * EACH / 4u] = first4(block);
    if EACH == 8u {
      held[i * EACH / 4u + 1u] = last4(block);
    }
  }
  for (var i = 0u; i < EACH; i += 4u) {
    let quad = unit * EACH / 4u + i / 4u;
    if quad * 4u < params.rows {
      var acc: vec4<Acc>;
      for (var r = 0u; r < SHORT; r++) {
        var v: vec4<Acc>;
        for (var j = 0u; j < 4u; j++) {
          let at = (i + j) * SHORT + r;
          v[j] = held[at / 4u][at % 4u];
        }
        if r == 0u {
          acc = begin(v);
        }
        acc = combine(acc, v);
      }
      y[quad] = out4(acc * vec4<Acc>(Acc(params.scale)));
    }
  }
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let place = group.y * groups.x + group.x;
  if SHORT > 0u {
    shortRows(place * WORKGROUP + lane);
    return;
  }
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
