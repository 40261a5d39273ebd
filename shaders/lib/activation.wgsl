// Activations that a kernel's epilogue can apply; ReLU keeps NaN, where max(x, 0) would hide it. Of -0 it makes 0: then it gives the same
// bits before a result is rounded and behind.
fn relu(x: vec4<f32>) -> vec4<f32> {
  return select(x, vec4<f32>(0.0), x <= vec4<f32>(0.0));
}

fn relu6(x: vec4<f32>) -> vec4<f32> {
  return select(relu(x), vec4<f32>(6.0), x > vec4<f32>(6.0));
}

// 1 / (1 + e^-x); the argument of exp never passes 0, so nothing overflows.
fn sigmoid(x: vec4<f32>) -> vec4<f32> {
  let e = exp(-abs(x));
  return select(vec4<f32>(1.0), e, x < vec4<f32>(0.0)) / (vec4<f32>(1.0) + e);
}

// tanh saturates beyond 15 in float32; some drivers return NaN for large arguments, and clamp would hide a NaN.
fn saturatingTanh(x: vec4<f32>) -> vec4<f32> {
  let isNan = (bitcast<vec4<u32>>(x) & vec4<u32>(0x7fffffffu)) > vec4<u32>(0x7f800000u);
  return select(tanh(clamp(x, vec4<f32>(-15.0), vec4<f32>(15.0))), x, isNan);
}
