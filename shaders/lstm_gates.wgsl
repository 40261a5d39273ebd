// An LSTM's state after a step: h = sigmoid(o) tanh(next), next = sigmoid(f) c + sigmoid(i) tanh(g), rows of `columns` quads. A row of
// gates is i, f, g and o behind each other. The cell c is f32 whatever the gates are.
alias In4 = vec4<f32>;
alias Out4 = vec4<f32>;
alias Acc = f32;

struct Params {
  size: u32,    // quads of c
  columns: u32, // quads of a row of c
}

@group(0) @binding(0) var<storage, read> gates: array<In4>;
@group(0) @binding(1) var<storage, read> c: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> h: array<Out4>;
@group(0) @binding(3) var<storage, read_write> next: array<vec4<f32>>;
@group(0) @binding(4) var<uniform> params: Params;

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
  let cell = f * c[quad] + i * g;
  next[quad] = cell;
  h[quad] = out4(o * saturatingTanh(cell));
}
