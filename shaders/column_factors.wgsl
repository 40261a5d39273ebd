// What a normalisation by given statistics does to each column, three vectors for a quad of columns: the mean, gamma / sqrt(variance +
// epsilon), beta; `scale_columns` and epilogues use them.
override GAMMA: bool = true;
override BETA: bool = true;

struct Params {
  quads: u32,
  epsilon: f32,
}

@group(0) @binding(0) var<storage, read> mean: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> variance: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> gamma: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> beta: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> factors: array<vec4<f32>>;
@group(0) @binding(5) var<uniform> params: Params;

// #include "lib/grid.wgsl"

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let quad = linearIndex(group, groups, lane, 64u);
  if quad >= params.quads {
    return;
  }
  var scale = inverseSqrt(variance[quad] + params.epsilon);
  if GAMMA {
    scale *= gamma[quad];
  }
  var shift = vec4<f32>();
  if BETA {
    shift = beta[quad];
  }
  factors[3u * quad] = mean[quad];
  factors[3u * quad + 1u] = scale;
  factors[3u * quad + 2u] = shift;
}
