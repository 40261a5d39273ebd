// min(max(x, 0), 6), NaN kept.
// #include "lib/activation.wgsl"

fn value(x: vec4<f32>) -> vec4<f32> {
  return relu6(x);
}

fn slope(x: vec4<f32>) -> vec4<f32> {
  return select(vec4<f32>(1.0), vec4<f32>(0.0), (x <= vec4<f32>(0.0)) | (x >= vec4<f32>(6.0)));
}

fn curvature(x: vec4<f32>) -> vec4<f32> {
  return vec4<f32>(0.0);
}
