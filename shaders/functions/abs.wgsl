// |x|; the slope at 0 is 0.
fn value(x: vec4<f32>) -> vec4<f32> {
  return abs(x);
}

fn slope(x: vec4<f32>) -> vec4<f32> {
  return sign(x);
}

fn curvature(x: vec4<f32>) -> vec4<f32> {
  return vec4<f32>(0.0);
}
