// -x.
fn value(x: vec4<f32>) -> vec4<f32> {
  return -x;
}

fn slope(x: vec4<f32>) -> vec4<f32> {
  return vec4<f32>(-1.0);
}

fn curvature(x: vec4<f32>) -> vec4<f32> {
  return vec4<f32>(0.0);
}
