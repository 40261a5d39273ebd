// y[i] = x[(i - before) / step] where that is a whole place inside x, else value: six axes, y of sizes d0 .. d5, x of sizes
// x0 .. x5, whose elements stand `step` apart.
alias Bits4 = vec4<u32>;

// Axes that are left after merging, the last ones.
override AXES: u32 = 6;
// The last axis is whole quads in y, before x and in x: a quad is read at once.
override QUADS: bool = false;
// Some step is not 1.
override SPREAD: bool = false;

struct Params {
  size: u32,
  value: u32, // bits of an element
  d1: u32,
  d2: u32,
  d3: u32,
  d4: u32,
  d5: u32,
  before0: u32,
  before1: u32,
  before2: u32,
  before3: u32,
  before4: u32,
  before5: u32,
  x0: u32,
  x1: u32,
  x2: u32,
  x3: u32,
  x4: u32,
  x5: u32,
  step0: u32,
  step1: u32,
  step2: u32,
  step3: u32,
  step4: u32,
  step5: u32,
}

@group(0) @binding(0) var<storage, read> x: array<Bits4>;
@group(0) @binding(1) var<storage, read_write> y: array<Bits4>;
@group(0) @binding(2) var<uniform> params: Params;

// #include "lib/grid.wgsl"
// #include "lib/bits.wgsl"

const OUTSIDE: u32 = 0xffffffff;

// An offset in x, on its way from the last axis to the first.
struct Walk {
  at: u32,
  stride: u32,
}

// `coordinate`, from the first element of x on, along an axis of `size` elements of x.
fn along(walk: Walk, coordinate: u32, size: u32, step: u32) -> Walk {
  // Before the first element the coordinate has wrapped round to a number that no size reaches.
  var own = coordinate;
  var inside = own < size;
  if SPREAD {
    own = coordinate / step;
    inside = own < size && own * step == coordinate;
  }
  return Walk(select(OUTSIDE, walk.at + own * walk.stride, inside && walk.at != OUTSIDE), walk.stride * size);
}

// Where element i of y lies in x, or OUTSIDE.
fn place(i: u32) -> u32 {
  var rest = i;
  var walk = Walk(0u, 1u);
  if AXES > 1u {
    let above = rest / params.d5;
    walk = along(walk, rest - above * params.d5 - params.before5, params.x5, params.step5);
    rest = above;
  }
  if AXES > 2u {
    let above = rest / params.d4;
    walk = along(walk, rest - above * params.d4 - params.before4, params.x4, params.step4);
    rest = above;
  }
  if AXES > 3u {
    let above = rest / params.d3;
    walk = along(walk, rest - above * params.d3 - params.before3, params.x3, params.step3);
    rest = above;
  }
  if AXES > 4u {
    let above = rest / params.d2;
    walk = along(walk, rest - above * params.d2 - params.before2, params.x2, params.step2);
    rest = above;
  }
  if AXES > 5u {
    let above = rest / params.d1;
    walk = along(walk, rest - above * params.d1 - params.before1, params.x1, params.step1);
    rest = above;
  }
  switch AXES {
    case 1u: { walk = along(walk, rest - params.before5, params.x5, params.step5); }
    case 2u: { walk = along(walk, rest - params.before4, params.x4, params.step4); }
    case 3u: { walk = along(walk, rest - params.before3, params.x3, params.step3); }
    case 4u: { walk = along(walk, rest - params.before2, params.x2, params.step2); }
    case 5u: { walk = along(walk, rest - params.before1, params.x1, params.step1); }
    default: { walk = along(walk, rest - params.before0, params.x0, params.step0); }
  }
  return walk.at;
}

fn element(i: u32) -> u32 {
  let at = place(i);
  if at == OUTSIDE {
    return params.value;
  }
  return bits4(x[at >> 2u])[at & 3u];
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let quad = linearIndex(group, groups, lane, 64u);
  let i = quad * 4u;
  if i >= params.size {
    return;
  }
  if QUADS {
    let at = place(i);
    if at == OUTSIDE {
      y[quad] = stored4(vec4<u32>(params.value));
    } else {
      y[quad] = x[at >> 2u];
    }
  } else {
    y[quad] = stored4(vec4<u32>(element(i), element(i + 1u), element(i + 2u), element(i + 3u)));
  }
}
