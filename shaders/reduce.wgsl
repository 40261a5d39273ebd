// y[o, c] = OP over r of x[o, r, c], times scale: x is outer x reduced x inner, y is outer x inner. An invocation owns
// four results and walks along r alone; parts > 1 splits r into chunks whose partial results lie as outer x parts x inner.
alias In4 = vec4<f32>;
alias Out4 = vec4<f32>;
alias Acc = f32;

override OP: u32 = 0;
override FLOATS: bool = true;
// inner is whole quads.
override QUADS: bool = false;

const SUM = 0u;
const MAX = 1u;
const MIN = 2u;
const PROD = 3u;

struct Params {
  outer: u32,
  reduced: u32,
  inner: u32,
  parts: u32,
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

fn at(i: u32) -> Acc {
  return in4(x[i >> 2u])[i & 3u];
}

// Where the r-th value of result i lies, r counted within the result's chunk.
fn origin(i: u32) -> u32 {
  let c = i % params.inner;
  let part = (i / params.inner) % params.parts;
  let o = i / (params.inner * params.parts);
  return (o * params.reduced + part * chunk()) * params.inner + c;
}

fn chunk() -> u32 {
  return (params.reduced + params.parts - 1u) / params.parts;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let quad = linearIndex(group, groups, lane, 64u);
  let size = params.outer * params.parts * params.inner;
  let i = quad * 4u;
  if i >= size {
    return;
  }
  var acc: vec4<Acc>;
  if QUADS {
    let part = (i / params.inner) % params.parts;
    let length = min(chunk(), params.reduced - part * chunk());
    let first = origin(i) >> 2u;
    acc = begin(in4(x[first]));
    for (var r = 0u; r < length; r++) {
      acc = combine(acc, in4(x[first + r * (params.inner >> 2u)]));
    }
  } else {
    for (var j = 0u; j < 4u; j++) {
      let own = min(i + j, size - 1u);
      let part = (own / params.inner) % params.parts;
      let length = min(chunk(), params.reduced - part * chunk());
      let first = origin(own);
      var one = begin(vec4<Acc>(at(first)));
      for (var r = 0u; r < length; r++) {
        one = combine(one, vec4<Acc>(at(first + r * params.inner)));
      }
      acc[j] = one.x;
    }
  }
  y[quad] = out4(acc * vec4<Acc>(Acc(params.scale)));
}
