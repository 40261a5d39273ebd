// y[o, c] = the first r with the largest x[o, r, c] or, unless DESCENDING, the smallest, NaN before all others, as i32. An
// invocation finds a result; if SHARED, a workgroup.
alias In4 = vec4<f32>;
alias Acc = f32;

override SORTED: u32 = 0;
override DESCENDING: bool = true;
override SHARED: bool = false;

// Floats, i32, and u32.
const FLOATS = 0u;
const INTEGERS = 1u;
const WORDS = 2u;

const LANES = 64u;

struct Params {
  size: u32, // of y
  reduced: u32,
  inner: u32,
}

@group(0) @binding(0) var<storage, read> x: array<In4>;
@group(0) @binding(1) var<storage, read_write> y: array<i32>;
@group(0) @binding(2) var<uniform> params: Params;

// #include "lib/grid.wgsl"
// #include "lib/in.wgsl"
// #include "lib/order.wgsl"

// A key and its r; of equal keys the smaller r comes first.
var<workgroup> found: array<vec2<u32>, LANES>;

fn first(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
  return select(b, a, a.x < b.x || (a.x == b.x && a.y < b.y));
}

// The best of r = begin, begin + step, ... of result i.
fn search(i: u32, begin: u32, step: u32) -> vec2<u32> {
  let o = i / params.inner;
  let origin = o * params.reduced * params.inner + i - o * params.inner;
  var best = vec2<u32>(0xffffffffu);
  for (var r = begin; r < params.reduced; r += step) {
    let at = origin + r * params.inner;
    let key = keyOf(in4(x[at >> 2u])[at & 3u]);
    if key < best.x || best.y == 0xffffffffu {
      best = vec2<u32>(key, r);
    }
  }
  return best;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  if SHARED {
    let i = group.y * groups.x + group.x;
    if i >= params.size {
      return;
    }
    found[lane] = search(i, lane, LANES);
    workgroupBarrier();
    for (var width = LANES / 2u; width > 0u; width /= 2u) {
      if lane < width {
        found[lane] = first(found[lane], found[lane + width]);
      }
      workgroupBarrier();
    }
    if lane == 0u {
      y[i] = i32(found[0].y);
    }
    return;
  }
  let i = linearIndex(group, groups, lane, LANES);
  if i < params.size {
    y[i] = i32(search(i, 0u, 1u).y);
  }
}
