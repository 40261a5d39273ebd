// Adamax (Kingma and Ba 2015): m += (1 - beta1)(g - m); u = max(beta2 u, |g|); w -= lr / (1 - beta1^t) m / (u + epsilon).
// #include "interface/optimizer.wgsl"

struct Params {
  size: u32,
  beta1: f32,
  beta2: f32,
  epsilon: f32,
}

@group(0) @binding(5) var<storage, read_write> mean: array<Out4>;
@group(0) @binding(6) var<storage, read_write> norm: array<Out4>;
@group(0) @binding(7) var<uniform> params: Params;

fn update(quad: u32, g: vec4<Acc>, w: vec4<Acc>) -> vec4<Acc> {
  let m0 = own4(mean[quad]);
  let m = m0 + (1.0 - params.beta1) * (g - m0);
  let faded = params.beta2 * own4(norm[quad]);
  // A comparison, since max would hide a NaN.
  let u = select(abs(g), faded, faded > abs(g));
  mean[quad] = out4(m);
  norm[quad] = out4(u);
  return w - state.learningRate / (1.0 - state.beta1Power) * m / (u + params.epsilon);
}
