// moving = moving * momentum + batch * (1 - momentum), for the mean and the variance of each channel: in place, and only where both of
// the batch are finite, so that a step that overflowed leaves no trace.
struct Params {
  size: u32,
  momentum: f32,
}

@group(0) @binding(0) var<storage, read> mean: array<f32>;
@group(0) @binding(1) var<storage, read> variance: array<f32>;
@group(0) @binding(2) var<storage, read_write> movingMean: array<f32>;
@group(0) @binding(3) var<storage, read_write> movingVariance: array<f32>;
@group(0) @binding(4) var<uniform> params: Params;

// #include "lib/grid.wgsl"

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let index = linearIndex(group, groups, lane, 64u);
  if index >= params.size {
    return;
  }
  let batch = vec2<f32>(mean[index], variance[index]);
  let finite = (bitcast<vec2<u32>>(batch) & vec2<u32>(0x7f800000u)) != vec2<u32>(0x7f800000u);
  if !all(finite) {
    return;
  }
  let moved = vec2<f32>(movingMean[index], movingVariance[index]) * params.momentum + batch * (1.0 - params.momentum);
  movingMean[index] = moved.x;
  movingVariance[index] = moved.y;
}
