// Lion (Chen et al. 2023): w -= lr sign(beta1 m + (1 - beta1) g); m = beta2 m + (1 - beta2) g.
// #include "interface/optimizer.wgsl"

struct Params {
  size: u32,
  beta1: f32,
  beta2: f32,
}

@group(0) @binding(6) var<storage, read_write> momentum: array<Out4>;
@group(0) @binding(7) var<uniform> params: Params;

fn update(quad: u32, g: vec4<Acc>, w: vec4<Acc>) -> vec4<Acc> {
  let m = own4(momentum[quad]);
  momentum[quad] = out4(params.beta2 * m + (1.0 - params.beta2) * g);
  return w - state.learningRate * sign(params.beta1 * m + (1.0 - params.beta1) * g);
}
