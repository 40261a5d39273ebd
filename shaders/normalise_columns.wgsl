// y[o, r, c] = (x[o, r, c] - mean) * inverse * gamma[c] + beta[c], inverse = 1 / sqrt(variance + epsilon), by the mean and variance of
// tied columns; each term may be left out. With GRADIENT it is the gradient by what was normalised, x being the upstream one:
// (x gamma - a - n b) * inverse, n = (input - mean) inverse, (a, b) the means of tie_products. x is outer x reduced x columns. An
// invocation owns a quad of columns in STRIP rows.
alias In4 = vec4<f32>;
alias Out4 = vec4<f32>;
alias Acc = f32;

const STRIP = 16u;

override CENTRED: bool = true;
override GAMMA: bool = true;
override BETA: bool = true;
override GRADIENT: bool = false;

struct Params {
  outer: u32,
  reduced: u32,
  columns: u32,
  tied: u32,
  epsilon: f32,
}

@group(0) @binding(0) var<storage, read> x: array<In4>;
@group(0) @binding(1) var<storage, read> mean: array<f32>;
@group(0) @binding(2) var<storage, read> variance: array<f32>;
@group(0) @binding(3) var<storage, read> gamma: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> beta: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read> input: array<In4>;
@group(0) @binding(6) var<storage, read> means: array<vec2<f32>>;
@group(0) @binding(7) var<storage, read_write> y: array<Out4>;
@group(0) @binding(8) var<uniform> params: Params;

// #include "lib/grid.wgsl"
// #include "lib/in.wgsl"
// #include "lib/narrow.wgsl"
// #include "lib/out.wgsl"
// #include "lib/quads.wgsl"
// #include "lib/quotient.wgsl"
// #include "lib/column_statistics.wgsl"

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let across = quads(params.columns);
  let strips = (params.reduced + STRIP - 1u) / STRIP;
  let index = linearIndex(group, groups, lane, 64u);
  let place = quotient(index, across);
  let quad = index - place * across;
  let matrix = quotient(place, strips);
  if matrix >= params.outer {
    return;
  }
  let start = (place - matrix * strips) * STRIP;
  let end = min(start + STRIP, params.reduced);
  let inverse = inverseOf(matrix, quad);
  var centre = vec4<f32>();
  if CENTRED {
    centre = meanOf(matrix, quad);
  }
  var scale = inverse;
  if GAMMA {
    scale *= gamma[quad];
  }
  var shift = vec4<f32>();
  if BETA {
    shift = beta[quad];
  }
  var slope = vec4<f32>();
  if GRADIENT {
    for (var j = 0u; j < 4u; j++) {
      let own = means[statisticAt(matrix, quad * 4u + j)];
      shift[j] = own.x * inverse[j];
      slope[j] = own.y * inverse[j] * inverse[j];
    }
  }
  for (var row = start; row < end; row++) {
    let at = (matrix * params.reduced + row) * across + quad;
    if GRADIENT {
      y[at] = out4(in4(x[at]) * scale - shift - (in4(input[at]) - centre) * slope);
    } else {
      y[at] = out4((in4(x[at]) - centre) * scale + shift);
    }
  }
}
