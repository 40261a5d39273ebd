// 1 / x.
fn value(x: vec4<f32>) -> vec4<f32> {
  return 1.0 / x;
}

fn slope(x: vec4<f32>) -> vec4<f32> {
  return -1.0 / (x * x);
}

fn curvature(x: vec4<f32>) -> vec4<f32> {
  return 2.0 / (x * x * x);
}
