// e^x.
fn value(x: vec4<f32>) -> vec4<f32> {
  return exp(x);
}

fn slope(x: vec4<f32>) -> vec4<f32> {
  return exp(x);
}

fn curvature(x: vec4<f32>) -> vec4<f32> {
  return exp(x);
}
