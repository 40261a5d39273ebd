// RMSprop (Hinton 2012, in Keras's form): v = rho v + (1 - rho) g^2; w -= lr g / sqrt(v + epsilon), with CENTRED of v - a^2, a being the
// like mean of g; with MOMENTUM w -= m, m = momentum m + what would be taken off.
// #include "interface/optimizer.wgsl"

override CENTRED: bool = false;
override MOMENTUM: bool = false;

struct Params {
  size: u32,
  rho: f32,
  momentum: f32,
  epsilon: f32,
}

@group(0) @binding(5) var<storage, read_write> velocity: array<Out4>;
@group(0) @binding(6) var<storage, read_write> mean: array<Out4>;
@group(0) @binding(7) var<storage, read_write> accumulator: array<Out4>;
@group(0) @binding(8) var<uniform> params: Params;

fn update(quad: u32, g: vec4<Acc>, w: vec4<Acc>) -> vec4<Acc> {
  let v = params.rho * own4(velocity[quad]) + (1.0 - params.rho) * g * g;
  velocity[quad] = out4(v);
  var spread = v;
  if CENTRED {
    let a = params.rho * own4(mean[quad]) + (1.0 - params.rho) * g;
    mean[quad] = out4(a);
    spread = v - a * a;
  }
  let off = state.learningRate * g / sqrt(spread + params.epsilon);
  if !MOMENTUM {
    return w - off;
  }
  let m = params.momentum * own4(accumulator[quad]) + off;
  accumulator[quad] = out4(m);
  return w - m;
}
