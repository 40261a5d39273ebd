// The least whole number that is not below x.
fn value(x: vec4<f32>) -> vec4<f32> {
  return ceil(x);
}

fn slope(x: vec4<f32>) -> vec4<f32> {
  return vec4<f32>(0.0);
}

fn curvature(x: vec4<f32>) -> vec4<f32> {
  return vec4<f32>(0.0);
}
