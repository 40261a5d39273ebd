// y[i] = x[i - before] where that lies inside x, else value: six axes, y of sizes d0 .. d5, x of sizes x0 .. x5.
alias In4 = vec4<f32>;
alias Out4 = vec4<f32>;
alias Acc = f32;

struct Params {
  size: u32,
  // Bits of an Acc.
  value: u32,
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
}

@group(0) @binding(0) var<storage, read> x: array<In4>;
@group(0) @binding(1) var<storage, read_write> y: array<Out4>;
@group(0) @binding(2) var<uniform> params: Params;

// #include "lib/grid.wgsl"
// #include "lib/in.wgsl"
// #include "lib/narrow.wgsl"
// #include "lib/out.wgsl"

fn element(i: u32) -> Acc {
  var sizes = array<u32, 6>(0xffffffffu, params.d1, params.d2, params.d3, params.d4, params.d5);
  var before = array<u32, 6>(params.before0, params.before1, params.before2, params.before3, params.before4, params.before5);
  var inner = array<u32, 6>(params.x0, params.x1, params.x2, params.x3, params.x4, params.x5);
  var rest = i;
  var at = 0u;
  var stride = 1u;
  for (var axis = 5u; axis < 6u; axis--) {
    // Below the first element of x this wraps round to a number that no size reaches.
    let coordinate = rest % sizes[axis] - before[axis];
    if coordinate >= inner[axis] {
      return bitcast<Acc>(params.value);
    }
    at += coordinate * stride;
    stride *= inner[axis];
    rest /= sizes[axis];
  }
  return in4(x[at >> 2u])[at & 3u];
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let quad = linearIndex(group, groups, lane, 64u);
  let i = quad * 4u;
  if i < params.size {
    y[quad] = out4(vec4<Acc>(element(i), element(i + 1u), element(i + 2u), element(i + 3u)));
  }
}
