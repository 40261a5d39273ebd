// 1 / sqrt(x).
fn value(x: vec4<f32>) -> vec4<f32> {
  return inverseSqrt(x);
}

fn slope(x: vec4<f32>) -> vec4<f32> {
  return -0.5 * inverseSqrt(x) / x;
}

fn curvature(x: vec4<f32>) -> vec4<f32> {
  return 0.75 * inverseSqrt(x) / (x * x);
}
