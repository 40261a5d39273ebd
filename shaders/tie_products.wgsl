// column_products' parts added up, in their order: for each column, sums[o, c] and products[o, c]; and for the tied columns g of
// matrix o, means[o, g] = (mean of gamma g, mean of gamma g n), which the gradient of a normalisation by x subtracts. An
// invocation owns the columns of one g.
override GAMMA: bool = true;

struct Params {
  size: u32, // outer x groups
  groups: u32,
  tied: u32,
  quads: u32, // of columns
  reduced: u32,
  parts: u32,
}

@group(0) @binding(0) var<storage, read> partSums: array<f32>;
@group(0) @binding(1) var<storage, read> partProducts: array<f32>;
@group(0) @binding(2) var<storage, read> gamma: array<f32>;
@group(0) @binding(3) var<storage, read_write> sums: array<f32>;
@group(0) @binding(4) var<storage, read_write> products: array<f32>;
@group(0) @binding(5) var<storage, read_write> means: array<vec2<f32>>;
@group(0) @binding(6) var<uniform> params: Params;

// #include "lib/grid.wgsl"

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let index = linearIndex(group, groups, lane, 64u);
  if index >= params.size {
    return;
  }
  let matrix = index / params.groups;
  let column = (index % params.groups) * params.tied;
  var weighted = vec2<f32>();
  for (var c = column; c < column + params.tied; c++) {
    var total = vec2<f32>();
    for (var part = 0u; part < params.parts; part++) {
      let at = (matrix * params.parts + part) * params.quads * 4u + c;
      total += vec2<f32>(partSums[at], partProducts[at]);
    }
    let at = matrix * params.groups * params.tied + c;
    sums[at] = total.x;
    products[at] = total.y;
    var weight = 1.0;
    if GAMMA {
      weight = gamma[c];
    }
    weighted += weight * total;
  }
  means[index] = weighted / (f32(params.reduced) * f32(params.tied));
}
