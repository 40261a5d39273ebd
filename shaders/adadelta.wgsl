// Adadelta (Zeiler 2012): s = rho s + (1 - rho) g^2; d = g sqrt(x + epsilon) / sqrt(s + epsilon); x = rho x + (1 - rho) d^2; w -= lr d.
// #include "interface/optimizer.wgsl"

struct Params {
  size: u32,
  rho: f32,
  epsilon: f32,
}

@group(0) @binding(5) var<storage, read_write> accumulatedGradient: array<Out4>;
@group(0) @binding(6) var<storage, read_write> accumulatedDelta: array<Out4>;
@group(0) @binding(7) var<uniform> params: Params;

fn update(quad: u32, g: vec4<Acc>, w: vec4<Acc>) -> vec4<Acc> {
  let s = params.rho * own4(accumulatedGradient[quad]) + (1.0 - params.rho) * g * g;
  let x = own4(accumulatedDelta[quad]);
  let d = g * sqrt(x + params.epsilon) / sqrt(s + params.epsilon);
  accumulatedGradient[quad] = out4(s);
  accumulatedDelta[quad] = out4(params.rho * x + (1.0 - params.rho) * d * d);
  return w - state.learningRate * d;
}
