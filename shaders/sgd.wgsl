// Stochastic gradient descent, as Keras defines it: with MOMENTUM v = momentum v - lr g, and w += v or, with NESTEROV,
// w += momentum v - lr g; without it w -= lr g.
// #include "interface/optimizer.wgsl"

override MOMENTUM: bool = false;
override NESTEROV: bool = false;

struct Params {
  size: u32,
  momentum: f32,
}

@group(0) @binding(5) var<storage, read_write> velocity: array<Out4>;
@group(0) @binding(6) var<uniform> params: Params;

fn update(quad: u32, g: vec4<Acc>, w: vec4<Acc>) -> vec4<Acc> {
  let step = state.learningRate * g;
  if !MOMENTUM {
    return w - step;
  }
  let v = params.momentum * own4(velocity[quad]) - step;
  velocity[quad] = out4(v);
  return w + select(v, params.momentum * v - step, NESTEROV);
}
