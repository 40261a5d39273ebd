// The gradients of lstm_gates by gates and c, from those by h and next, which dh and dNext are.
alias In4 = vec4<f32>;
alias Out4 = vec4<f32>;
alias Acc = f32;

struct Params {
  size: u32,    // quads of c
  columns: u32, // quads of a row of c
}

@group(0) @binding(0) var<storage, read> gates: array<In4>;
@group(0) @binding(1) var<storage, read> c: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> dh: array<In4>;
@group(0) @binding(3) var<storage, read> dNext: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> dGates: array<Out4>;
@group(0) @binding(5) var<storage, read_write> dc: array<vec4<f32>>;
@group(0) @binding(6) var<uniform> params: Params;

// #include "lib/grid.wgsl"
// #include "lib/in.wgsl"
// #include "lib/narrow.wgsl"
// #include "lib/out.wgsl"
// #include "lib/quotient.wgsl"
// #include "lib/activation.wgsl"

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let quad = linearIndex(group, groups, lane, 64u);
  if quad >= params.size {
    return;
  }
  let width = params.columns;
  let first = quad + 3u * quotient(quad, width) * width;
  let i = sigmoid(in4(gates[first]));
  let f = sigmoid(in4(gates[first + width]));
  let g = saturatingTanh(in4(gates[first + 2u * width]));
  let o = sigmoid(in4(gates[first + 3u * width]));
  let cell = c[quad];
  let t = saturatingTanh(f * cell + i * g);
  let upstream = in4(dh[quad]);
  let dCell = dNext[quad] + upstream * o * (1.0 - t * t);
  dGates[first] = out4(dCell * g * i * (1.0 - i));
  dGates[first + width] = out4(dCell * cell * f * (1.0 - f));
  dGates[first + 2u * width] = out4(dCell * i * (1.0 - g * g));
  dGates[first + 3u * width] = out4(upstream * t * o * (1.0 - o));
  dc[quad] = dCell * f;
}
