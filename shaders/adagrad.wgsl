// Adagrad (Duchi, Hazan and Singer 2011): s += g^2; w -= lr g / sqrt(s + epsilon).
// #include "interface/optimizer.wgsl"

struct Params {
  size: u32,
  epsilon: f32,
}

@group(0) @binding(5) var<storage, read_write> accumulator: array<Out4>;
@group(0) @binding(6) var<uniform> params: Params;

fn update(quad: u32, g: vec4<Acc>, w: vec4<Acc>) -> vec4<Acc> {
  let s = own4(accumulator[quad]) + g * g;
  accumulator[quad] = out4(s);
  return w - state.learningRate * g / sqrt(s + params.epsilon);
}
