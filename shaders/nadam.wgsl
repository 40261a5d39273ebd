// Nadam (Dozat 2016, in Keras's form), with the momentum u_t = beta1 (1 - 0.96^t / 2), whose product over the steps is beta1Power:
// m += (1 - beta1)(g - m); v += (1 - beta2)(g^2 - v); m' = u_(t+1) m / (1 - product to t + 1) + (1 - u_t) g / (1 - product);
// w -= lr m' / (sqrt(v / (1 - beta2^t)) + epsilon).
// #include "interface/optimizer.wgsl"

struct Params {
  size: u32,
  beta1: f32,
  beta2: f32,
  epsilon: f32,
  momentumDecay: f32,
}

@group(0) @binding(5) var<storage, read_write> mean: array<Out4>;
@group(0) @binding(6) var<storage, read_write> variance: array<Out4>;
@group(0) @binding(7) var<uniform> params: Params;

fn update(quad: u32, g: vec4<Acc>, w: vec4<Acc>) -> vec4<Acc> {
  let m0 = own4(mean[quad]);
  let v0 = own4(variance[quad]);
  let m = m0 + (1.0 - params.beta1) * (g - m0);
  let v = v0 + (1.0 - params.beta2) * (g * g - v0);
  mean[quad] = out4(m);
  variance[quad] = out4(v);
  let fade = pow(params.momentumDecay, f32(state.iterations));
  let now = params.beta1 * (1.0 - 0.5 * fade);
  let next = params.beta1 * (1.0 - 0.5 * fade * params.momentumDecay);
  let product = state.beta1Power;
  let ahead = next * m / (1.0 - product * next) + (1.0 - now) * g / (1.0 - product);
  return w - state.learningRate * ahead / (sqrt(v / (1.0 - state.beta2Power)) + params.epsilon);
}
