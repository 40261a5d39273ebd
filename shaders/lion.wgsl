// Lion (Chen et al. 2023): w -= lr sign(beta1 m + (1 - beta1) g); m = beta2 m + (1 - beta2) g.
// #include "interface/optimizer.wgsl"

const FLOATS = true;

struct Params {
  size: u32,
  beta1: f32,
  beta2: f32,
}

@group(0) @binding(5) var<storage, read_write> momentum: array<Out4>;
@group(0) @binding(6) var<uniform> params: Params;

// #include "lib/extremes.wgsl"

fn update(quad: u32, g: vec4<Acc>, w: vec4<Acc>) -> vec4<Acc> {
  let m = own4(momentum[quad]);
  momentum[quad] = out4(params.beta2 * m + (1.0 - params.beta2) * g);
  let direction = params.beta1 * m + (1.0 - params.beta1) * g;
  // The sign of NaN need not be NaN.
  return w - state.learningRate * select(sign(direction), direction, eitherNan(direction, direction));
}
