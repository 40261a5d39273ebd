// mean[o, g] and variance[o, g], biased, of the tied columns g of matrix o: column_moments' parts merged, in their order. An
// invocation owns one result.
struct Params {
  size: u32, // outer x groups
  groups: u32,
  tied: u32,
  quads: u32, // of columns
  reduced: u32,
  parts: u32,
  chunk: u32,
}

@group(0) @binding(0) var<storage, read> means: array<f32>;
@group(0) @binding(1) var<storage, read> spreads: array<f32>;
@group(0) @binding(2) var<storage, read_write> mean: array<f32>;
@group(0) @binding(3) var<storage, read_write> variance: array<f32>;
@group(0) @binding(4) var<uniform> params: Params;

// #include "lib/grid.wgsl"
// #include "lib/moments.wgsl"

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let index = linearIndex(group, groups, lane, 64u);
  if index >= params.size {
    return;
  }
  let matrix = index / params.groups;
  let column = (index % params.groups) * params.tied;
  var moments = vec3<f32>();
  for (var part = 0u; part < params.parts; part++) {
    let count = f32(min(params.chunk, params.reduced - part * params.chunk));
    let first = (matrix * params.parts + part) * params.quads * 4u + column;
    for (var c = 0u; c < params.tied; c++) {
      moments = mergedMoments(moments, vec3<f32>(means[first + c], spreads[first + c], count));
    }
  }
  mean[index] = moments.x;
  variance[index] = moments.y / moments.z;
}
