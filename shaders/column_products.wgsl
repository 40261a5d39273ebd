// sums[o, part, c] and products[o, part, c]: sums of g and of g n over the rows of a part, n = (x - mean) inverse: the gradients of a
// normalisation by beta and gamma. x and g are outer x reduced x columns. Mean and inverse are those of a row, as normalise_rows
// kept them, or come of tied columns' mean and variance.
alias In4 = vec4<f32>;
alias Acc = f32;

override OF_ROWS: bool = true;

struct Params {
  outer: u32,
  reduced: u32,
  columns: u32,
  tied: u32,
  parts: u32,
  chunk: u32, // rows of a part
  epsilon: f32,
}

@group(0) @binding(0) var<storage, read> g: array<In4>;
@group(0) @binding(1) var<storage, read> x: array<In4>;
@group(0) @binding(2) var<storage, read> mean: array<f32>;
// OF_ROWS: the inverse.
@group(0) @binding(3) var<storage, read> variance: array<f32>;
@group(0) @binding(4) var<storage, read_write> sums: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> products: array<vec4<f32>>;
@group(0) @binding(6) var<uniform> params: Params;

// #include "lib/grid.wgsl"
// #include "lib/in.wgsl"
// #include "lib/quads.wgsl"
// #include "lib/quotient.wgsl"
// #include "lib/column_statistics.wgsl"

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let across = quads(params.columns);
  let index = linearIndex(group, groups, lane, 64u);
  let place = quotient(index, across);
  let quad = index - place * across;
  let matrix = quotient(place, params.parts);
  if matrix >= params.outer {
    return;
  }
  let start = (place - matrix * params.parts) * params.chunk;
  let rows = min(params.chunk, params.reduced - start);
  let first = matrix * params.reduced + start;
  var sum = vec4<f32>();
  var product = vec4<f32>();
  if OF_ROWS {
    for (var row = first; row < first + rows; row++) {
      let upstream = in4(g[row * across + quad]);
      sum += upstream;
      product += upstream * ((in4(x[row * across + quad]) - mean[row]) * variance[row]);
    }
  } else {
    let centre = meanOf(matrix, quad);
    let scale = inverseOf(matrix, quad);
    for (var row = first; row < first + rows; row++) {
      let upstream = in4(g[row * across + quad]);
      sum += upstream;
      product += upstream * ((in4(x[row * across + quad]) - centre) * scale);
    }
  }
  sums[index] = sum;
  products[index] = product;
}
