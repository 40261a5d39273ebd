// x / (1 + |x|).
fn value(x: vec4<f32>) -> vec4<f32> {
  return x / (1.0 + abs(x));
}

fn slope(x: vec4<f32>) -> vec4<f32> {
  let d = 1.0 + abs(x);
  return 1.0 / (d * d);
}

fn curvature(x: vec4<f32>) -> vec4<f32> {
  let d = 1.0 + abs(x);
  return -2.0 * sign(x) / (d * d * d);
}
