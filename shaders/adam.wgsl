// Adam (Kingma and Ba 2015, in Keras's form): m += (1 - beta1)(g - m); v += (1 - beta2)(g^2 - v);
// w -= lr sqrt(1 - beta2^t) / (1 - beta1^t) m / (sqrt(v) + epsilon).
// With AMSGRAD the largest v there was takes its place (Reddi, Kale and Kumar 2018).
// #include "interface/optimizer.wgsl"

override AMSGRAD: bool = false;
// Of the learning rate, what is taken.
override RATE: f32 = 1;

struct Params {
  size: u32,
  beta1: f32,
  beta2: f32,
  epsilon: f32,
}

@group(0) @binding(5) var<storage, read_write> mean: array<Out4>;
@group(0) @binding(6) var<storage, read_write> variance: array<Out4>;
@group(0) @binding(7) var<storage, read_write> largest: array<Out4>;
@group(0) @binding(8) var<uniform> params: Params;

fn update(quad: u32, g: vec4<Acc>, w: vec4<Acc>) -> vec4<Acc> {
  let m0 = own4(mean[quad]);
  let v0 = own4(variance[quad]);
  let m = m0 + (1.0 - params.beta1) * (g - m0);
  var v = v0 + (1.0 - params.beta2) * (g * g - v0);
  mean[quad] = out4(m);
  variance[quad] = out4(v);
  if AMSGRAD {
    let before = own4(largest[quad]);
    // A comparison, since max would hide a NaN.
    v = select(v, before, before > v);
    largest[quad] = out4(v);
  }
  let rate = RATE * state.learningRate * sqrt(1.0 - state.beta2Power) / (1.0 - state.beta1Power);
  return w - rate * m / (sqrt(v) + params.epsilon);
}
