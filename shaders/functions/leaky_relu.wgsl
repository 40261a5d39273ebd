// x, below 0 alpha x.
fn value(x: vec4<f32>) -> vec4<f32> {
  return select(x, params.alpha * x, x < vec4<f32>(0.0));
}

fn slope(x: vec4<f32>) -> vec4<f32> {
  return select(vec4<f32>(1.0), vec4<f32>(params.alpha), x <= vec4<f32>(0.0));
}

fn curvature(x: vec4<f32>) -> vec4<f32> {
  return vec4<f32>(0.0);
}
