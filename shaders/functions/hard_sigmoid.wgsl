// x / 6 + 1 / 2 held within 0 and 1 (Keras 3), NaN kept.
fn value(x: vec4<f32>) -> vec4<f32> {
  let y = x / 6.0 + 0.5;
  return select(select(y, vec4<f32>(0.0), y < vec4<f32>(0.0)), vec4<f32>(1.0), y > vec4<f32>(1.0));
}

fn slope(x: vec4<f32>) -> vec4<f32> {
  return select(vec4<f32>(1.0 / 6.0), vec4<f32>(0.0), abs(x) >= vec4<f32>(3.0));
}

fn curvature(x: vec4<f32>) -> vec4<f32> {
  return vec4<f32>(0.0);
}
