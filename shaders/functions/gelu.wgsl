// x Phi(x), Phi the distribution of a standard normal number (Hendrycks and Gimpel 2016).
// #include "lib/special.wgsl"

fn value(x: vec4<f32>) -> vec4<f32> {
  return x * distribution(x);
}

fn slope(x: vec4<f32>) -> vec4<f32> {
  return distribution(x) + x * density(x);
}

fn curvature(x: vec4<f32>) -> vec4<f32> {
  return density(x) * (2.0 - x * x);
}

fn density(x: vec4<f32>) -> vec4<f32> {
  return 0.3989422804014327 * exp(-0.5 * x * x);
}

fn distribution(x: vec4<f32>) -> vec4<f32> {
  return 0.5 + 0.5 * erf(0.7071067811865476 * x);
}
