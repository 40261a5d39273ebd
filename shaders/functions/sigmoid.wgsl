// 1 / (1 + e^-x).
// #include "lib/activation.wgsl"

fn value(x: vec4<f32>) -> vec4<f32> {
  return sigmoid(x);
}

fn slope(x: vec4<f32>) -> vec4<f32> {
  let s = sigmoid(x);
  return s * (1.0 - s);
}

fn curvature(x: vec4<f32>) -> vec4<f32> {
  let s = sigmoid(x);
  return s * (1.0 - s) * (1.0 - 2.0 * s);
}
