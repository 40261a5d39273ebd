// scale times ELU, both constants those of Klambauer et al. 2017.
// #include "lib/special.wgsl"

fn value(x: vec4<f32>) -> vec4<f32> {
  return 1.0507009873554805 * select(x, 1.6732632423543772 * expm1(x), x < vec4<f32>(0.0));
}

fn slope(x: vec4<f32>) -> vec4<f32> {
  return 1.0507009873554805 * select(vec4<f32>(1.0), 1.6732632423543772 * exp(x), x < vec4<f32>(0.0));
}

fn curvature(x: vec4<f32>) -> vec4<f32> {
  return 1.0507009873554805 * select(vec4<f32>(0.0), 1.6732632423543772 * exp(x), x < vec4<f32>(0.0));
}
