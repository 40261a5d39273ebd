// The cosine.
fn value(x: vec4<f32>) -> vec4<f32> {
  return cos(x);
}

fn slope(x: vec4<f32>) -> vec4<f32> {
  return -sin(x);
}

fn curvature(x: vec4<f32>) -> vec4<f32> {
  return -cos(x);
}
