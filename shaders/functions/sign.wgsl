// -1, 0 or 1.
fn value(x: vec4<f32>) -> vec4<f32> {
  return sign(x);
}

fn slope(x: vec4<f32>) -> vec4<f32> {
  return vec4<f32>(0.0);
}

fn curvature(x: vec4<f32>) -> vec4<f32> {
  return vec4<f32>(0.0);
}
