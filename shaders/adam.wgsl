// Adam (Kingma and Ba 2015, in Keras's form) on size elements, unless the state says to skip:
// g = gradient * inverse; m += (1 - beta1)(g - m); v += (1 - beta2)(g^2 - v);
// w -= lr sqrt(1 - beta2^t) / (1 - beta1^t) m / (sqrt(v) + epsilon). COPY: the new weights are also written as halves.
alias In4 = vec4<f32>;
alias Out4 = vec4<f32>;
alias Acc = f32;

override COPY: bool = false;

struct Params {
  size: u32,
  beta1: f32,
  beta2: f32,
  epsilon: f32,
}

@group(0) @binding(0) var<storage, read> gradient: array<In4>;
@group(0) @binding(1) var<storage, read> state: ScaleState;
@group(0) @binding(2) var<storage, read_write> master: array<Out4>;
@group(0) @binding(3) var<storage, read_write> mean: array<Out4>;
@group(0) @binding(4) var<storage, read_write> variance: array<Out4>;
@group(0) @binding(5) var<storage, read_write> copy: array<vec2<u32>>;
@group(0) @binding(6) var<uniform> params: Params;

// #include "lib/grid.wgsl"
// #include "lib/in.wgsl"
// #include "lib/narrow.wgsl"
// #include "lib/out.wgsl"
// #include "lib/scale_state.wgsl"

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let quad = linearIndex(group, groups, lane, 64u);
  if quad * 4u >= params.size || state.apply == 0u {
    return;
  }
  let g = in4(gradient[quad]) * state.inverse;
  let m0 = own4(mean[quad]);
  let v0 = own4(variance[quad]);
  let m = m0 + (1.0 - params.beta1) * (g - m0);
  let v = v0 + (1.0 - params.beta2) * (g * g - v0);
  mean[quad] = out4(m);
  variance[quad] = out4(v);
  let rate = state.learningRate * sqrt(1.0 - state.beta2Power) / (1.0 - state.beta1Power);
  let w = own4(master[quad]) - rate * m / (sqrt(v) + params.epsilon);
  master[quad] = out4(w);
  if COPY {
    copy[quad] = narrow(w);
  }
}
