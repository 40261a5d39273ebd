// x^2.
fn value(x: vec4<f32>) -> vec4<f32> {
  return x * x;
}

fn slope(x: vec4<f32>) -> vec4<f32> {
  return 2.0 * x;
}

fn curvature(x: vec4<f32>) -> vec4<f32> {
  return vec4<f32>(2.0);
}
