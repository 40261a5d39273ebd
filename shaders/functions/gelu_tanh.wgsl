// x (1 + tanh(u)) / 2 with u = sqrt(2 / pi) (x + 0.044715 x^3): the approximation of GELU (Hendrycks and Gimpel 2016).
// #include "lib/activation.wgsl"

fn value(x: vec4<f32>) -> vec4<f32> {
  return 0.5 * x * (1.0 + saturatingTanh(inner(x)));
}

fn slope(x: vec4<f32>) -> vec4<f32> {
  let t = saturatingTanh(inner(x));
  return 0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * innerSlope(x);
}

fn curvature(x: vec4<f32>) -> vec4<f32> {
  let t = saturatingTanh(inner(x));
  let first = (1.0 - t * t) * innerSlope(x);
  let second = -2.0 * t * first * innerSlope(x) + (1.0 - t * t) * (0.2140644488178074 * x);
  return first + 0.5 * x * second;
}

fn inner(x: vec4<f32>) -> vec4<f32> {
  return 0.7978845608028654 * (x + 0.044715 * x * x * x);
}

fn innerSlope(x: vec4<f32>) -> vec4<f32> {
  return 0.7978845608028654 * (1.0 + 0.134145 * x * x);
}
