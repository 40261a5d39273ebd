// e^x - 1.
// #include "lib/special.wgsl"

fn value(x: vec4<f32>) -> vec4<f32> {
  return expm1(x);
}

fn slope(x: vec4<f32>) -> vec4<f32> {
  return exp(x);
}

fn curvature(x: vec4<f32>) -> vec4<f32> {
  return exp(x);
}
