// The hyperbolic tangent.
// #include "lib/activation.wgsl"

fn value(x: vec4<f32>) -> vec4<f32> {
  return saturatingTanh(x);
}

fn slope(x: vec4<f32>) -> vec4<f32> {
  let t = saturatingTanh(x);
  return 1.0 - t * t;
}

fn curvature(x: vec4<f32>) -> vec4<f32> {
  let t = saturatingTanh(x);
  return -2.0 * t * (1.0 - t * t);
}
