// log(1 + x).
// #include "lib/special.wgsl"

fn value(x: vec4<f32>) -> vec4<f32> {
  return log1p(x);
}

fn slope(x: vec4<f32>) -> vec4<f32> {
  return 1.0 / (1.0 + x);
}

fn curvature(x: vec4<f32>) -> vec4<f32> {
  let y = 1.0 / (1.0 + x);
  return -y * y;
}
