// x, below 0 alpha (e^x - 1) (Clevert et al. 2016).
// #include "lib/special.wgsl"

fn value(x: vec4<f32>) -> vec4<f32> {
  return select(x, params.alpha * expm1(x), x < vec4<f32>(0.0));
}

fn slope(x: vec4<f32>) -> vec4<f32> {
  return select(vec4<f32>(1.0), params.alpha * exp(x), x < vec4<f32>(0.0));
}

fn curvature(x: vec4<f32>) -> vec4<f32> {
  return select(vec4<f32>(0.0), params.alpha * exp(x), x < vec4<f32>(0.0));
}
