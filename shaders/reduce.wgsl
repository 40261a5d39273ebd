// y[o, p, c] = OP over the rows r of part p of x[o, r, c], times scale: x is outer x reduced x inner, y is outer x parts x inner.
// A block of results belongs to LANES invocations of a workgroup, which take every LANES-th row and fold what they have in
// order; without WHOLE a quad of results, whose elements are gathered one by one.
alias Out4 = vec4<f32>;
alias Acc = f32;

// Elements of a block.
const EACH = 4u;
const LANES = 8u;
const HELD = 4u;

override OP: u32 = 0;
override FLOATS: bool = true;
// inner is whole blocks.
override WHOLE: bool = true;
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

@group(0) @binding(0) var<storage, read> x: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read_write> y: array<Out4>;
@group(0) @binding(2) var<uniform> params: Params;

// #include "lib/elements.wgsl"
// #include "lib/extremes.wgsl"
// #include "lib/grid.wgsl"
// #include "lib/narrow.wgsl"
// #include "lib/out.wgsl"
// #include "lib/quotient.wgsl"
// #include "lib/reduction.wgsl"

// A block in Acc; `last` of four elements is not used.
struct Columns {
  first: vec4<Acc>,
  last: vec4<Acc>,
}

var<workgroup> folded: array<Columns, 64>;

fn columnsOf(block: vec4<u32>) -> Columns {
  if EACH == 8u {
    return Columns(first4(block), last4(block));
  }
  return Columns(first4(block), vec4<Acc>());
}

fn merged(p: Columns, q: Columns) -> Columns {
  if EACH == 8u {
    return Columns(combine(p.first, q.first), combine(p.last, q.last));
  }
  return Columns(combine(p.first, q.first), p.last);
}

// Every LANES-th row of a block's part; MAX and MIN start from the first row of its matrix.
fn walkBlock(index: u32, own: u32) -> Columns {
  let across = params.inner / EACH;
  let place = quotient(index, across);
  let column = index - place * across;
  let matrix = quotient(place, params.parts);
  let start = (place - matrix * params.parts) * params.chunk;
  let end = min(start + params.chunk, params.reduced);
  let first = matrix * params.reduced * across + column;
  let top = columnsOf(x[first]);
  let none = Columns(begin(top.first), begin(top.last));
  var acc = none;
  let whole = select(end, min(end, params.reduced - 1u), RAGGED);
  var r = start + own;
  for (; r + LANES * (HELD - 1u) < whole; r += LANES * HELD) {
    for (var i = 0u; i < HELD; i++) {
      acc = merged(acc, columnsOf(x[first + (r + i * LANES) * across]));
    }
  }
  for (; r < whole; r += LANES) {
    acc = merged(acc, columnsOf(x[first + r * across]));
  }
  if RAGGED && whole < end && own == 0u {
    let at = whole * across + column;
    let rest = columnsOf(x[min(at, (params.length - 1u) / EACH)]);
    let places = vec4<u32>(at * EACH) + vec4<u32>(0u, 1u, 2u, 3u);
    let length = vec4<u32>(params.length);
    acc = merged(acc, Columns(select(none.first, rest.first, places < length), select(none.last, rest.last, places + 4u < length)));
  }
  return acc;
}

fn gathered(places: vec4<u32>) -> vec4<Acc> {
  return vec4<Acc>(elementAt(places.x), elementAt(places.y), elementAt(places.z), elementAt(places.w));
}

// Every LANES-th row of four results, which may be of several parts and matrices.
fn walkQuad(quad: u32, own: u32) -> vec4<Acc> {
  var tops: vec4<u32>;
  var starts: vec4<u32>;
  for (var j = 0u; j < 4u; j++) {
    let i = min(quad * 4u + j, params.outer * params.parts * params.inner - 1u);
    let place = quotient(i, params.inner);
    let matrix = quotient(place, params.parts);
    tops[j] = matrix * params.reduced * params.inner + i - place * params.inner;
    starts[j] = (place - matrix * params.parts) * params.chunk;
  }
  let rows = min(vec4<u32>(params.chunk), params.reduced - starts);
  let none = begin(gathered(tops));
  var acc = none;
  for (var r = own; r < params.chunk; r += LANES) {
    let v = gathered(tops + (starts + min(vec4<u32>(r), rows - 1u)) * params.inner);
    acc = combine(acc, select(none, v, vec4<u32>(r) < rows));
  }
  return acc;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  const OWNERS = 64u / LANES;
  let size = params.outer * params.parts * params.inner;
  let index = linearIndex(group, groups, lane % OWNERS, OWNERS);
  var acc: Columns;
  if WHOLE {
    acc = walkBlock(min(index, (size - 1u) / EACH), lane / OWNERS);
  } else {
    acc.first = walkQuad(index, lane / OWNERS);
  }
  if LANES > 1u {
    folded[lane] = acc;
    workgroupBarrier();
    if lane >= OWNERS {
      return;
    }
    for (var i = 1u; i < LANES; i++) {
      acc = merged(acc, folded[lane + i * OWNERS]);
    }
  }
  let quad = select(index, index * EACH / 4u, WHOLE);
  let scale = vec4<Acc>(Acc(params.scale));
  if quad * 4u < size {
    y[quad] = out4(acc.first * scale);
  }
  if WHOLE && EACH == 8u && quad * 4u + 4u < size {
    y[quad + 1u] = out4(acc.last * scale);
  }
}
