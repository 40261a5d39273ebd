// The error function.
// #include "lib/special.wgsl"

fn value(x: vec4<f32>) -> vec4<f32> {
  return erf(x);
}

fn slope(x: vec4<f32>) -> vec4<f32> {
  return 1.1283791670955126 * exp(-x * x);
}

fn curvature(x: vec4<f32>) -> vec4<f32> {
  return -2.2567583341910251 * x * exp(-x * x);
}
