// log(1 + e^x), without overflow.
// #include "lib/special.wgsl"
// #include "lib/activation.wgsl"

fn value(x: vec4<f32>) -> vec4<f32> {
  return max(x, vec4<f32>(0.0)) + log1p(exp(-abs(x)));
}

fn slope(x: vec4<f32>) -> vec4<f32> {
  return sigmoid(x);
}

fn curvature(x: vec4<f32>) -> vec4<f32> {
  let s = sigmoid(x);
  return s * (1.0 - s);
}
