// The greatest whole number that is not above x.
fn value(x: vec4<f32>) -> vec4<f32> {
  return floor(x);
}

fn slope(x: vec4<f32>) -> vec4<f32> {
  return vec4<f32>(0.0);
}

fn curvature(x: vec4<f32>) -> vec4<f32> {
  return vec4<f32>(0.0);
}
