// y[o, p, c] = OP over the rows r of part p of x[o, r, c], times scale: x is outer x reduced x inner, y is outer x parts x inner.
// Four results, a quad, belong to LANES invocations of a workgroup, which take every LANES-th row and fold what they have in
// order. Without QUADS an invocation walks down four columns one by one.
alias In4 = vec4<f32>;
alias Out4 = vec4<f32>;
alias Acc = f32;

const LANES = 8u;
const HELD = 4u;

override OP: u32 = 0;
override FLOATS: bool = true;
// inner is whole quads.
override QUADS: bool = true;
// The last row is there in part: a matrix has `length` elements.
override RAGGED: bool = false;

const SUM = 0u;
const MAX = 1u;
const MIN = 2u;
const PROD = 3u;

struct Params {
  outer: u32,
  reduced: u32,
  inner: u32,
  parts: u32,
  chunk: u32, // rows of a part
  length: u32,
  scale: f32,
}

@group(0) @binding(0) var<storage, read> x: array<In4>;
@group(0) @binding(1) var<storage, read_write> y: array<Out4>;
@group(0) @binding(2) var<uniform> params: Params;

// #include "lib/grid.wgsl"
// #include "lib/in.wgsl"
// #include "lib/narrow.wgsl"
// #include "lib/out.wgsl"
// #include "lib/reduction.wgsl"
// #include "lib/extremes.wgsl"

var<workgroup> folded: array<vec4<Acc>, 64>;

// Every LANES-th row of a quad's part; MAX and MIN start from the first row of its matrix.
fn walkQuad(quad: u32, own: u32) -> vec4<Acc> {
  let across = params.inner >> 2u;
  let place = quad / across;
  let column = quad - place * across;
  let matrix = place / params.parts;
  let start = (place - matrix * params.parts) * params.chunk;
  let end = min(start + params.chunk, params.reduced);
  let first = matrix * params.reduced * across + column;
  let none = begin(in4(x[first]));
  var acc = none;
  let whole = select(end, min(end, params.reduced - 1u), RAGGED);
  var r = start + own;
  for (; r + LANES * (HELD - 1u) < whole; r += LANES * HELD) {
    for (var i = 0u; i < HELD; i++) {
      acc = combine(acc, in4(x[first + (r + i * LANES) * across]));
    }
  }
  for (; r < whole; r += LANES) {
    acc = combine(acc, in4(x[first + r * across]));
  }
  if RAGGED && whole < end && own == 0u {
    let at = whole * across + column;
    let inside = vec4<u32>(at * 4u) + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(params.length);
    acc = combine(acc, select(none, in4(x[min(at, (params.length - 1u) >> 2u)]), inside));
  }
  return acc;
}

fn at(i: u32) -> Acc {
  return in4(x[i >> 2u])[i & 3u];
}

// Result i, which may be of another matrix than its neighbour.
fn walkColumn(i: u32) -> Acc {
  let place = i / params.inner;
  let matrix = place / params.parts;
  let start = (place - matrix * params.parts) * params.chunk;
  let end = min(start + params.chunk, params.reduced);
  let first = matrix * params.reduced * params.inner + i - place * params.inner;
  var acc = begin(vec4<Acc>(at(first)));
  for (var r = start; r < end; r++) {
    acc = combine(acc, vec4<Acc>(at(first + r * params.inner)));
  }
  return acc.x;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  const OWNERS = 64u / LANES;
  let size = params.outer * params.parts * params.inner;
  let quad = linearIndex(group, groups, lane % OWNERS, OWNERS);
  var acc: vec4<Acc>;
  if QUADS {
    acc = walkQuad(min(quad, (size - 1u) >> 2u), lane / OWNERS);
  } else {
    for (var j = 0u; j < 4u; j++) {
      acc[j] = walkColumn(min(quad * 4u + j, size - 1u));
    }
  }
  if LANES > 1u {
    folded[lane] = acc;
    workgroupBarrier();
    for (var i = 1u; i < LANES; i++) {
      acc = combine(acc, folded[lane % OWNERS + i * OWNERS]);
    }
  }
  if lane < OWNERS && quad * 4u < size {
    y[quad] = out4(acc * vec4<Acc>(Acc(params.scale)));
  }
}
