// x sigmoid(x) (Elfwing et al. 2017; swish).
// #include "lib/activation.wgsl"

fn value(x: vec4<f32>) -> vec4<f32> {
  return x * sigmoid(x);
}

fn slope(x: vec4<f32>) -> vec4<f32> {
  let s = sigmoid(x);
  return s * (1.0 + x * (1.0 - s));
}

fn curvature(x: vec4<f32>) -> vec4<f32> {
  let s = sigmoid(x);
  return s * (1.0 - s) * (2.0 + x * (1.0 - 2.0 * s));
}
