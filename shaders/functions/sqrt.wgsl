// The square root.
fn value(x: vec4<f32>) -> vec4<f32> {
  return sqrt(x);
}

fn slope(x: vec4<f32>) -> vec4<f32> {
  return 0.5 / sqrt(x);
}

fn curvature(x: vec4<f32>) -> vec4<f32> {
  return -0.25 / (x * sqrt(x));
}
