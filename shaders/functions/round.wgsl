// The nearest whole number, the even one of two.
fn value(x: vec4<f32>) -> vec4<f32> {
  return round(x);
}

fn slope(x: vec4<f32>) -> vec4<f32> {
  return vec4<f32>(0.0);
}

fn curvature(x: vec4<f32>) -> vec4<f32> {
  return vec4<f32>(0.0);
}
