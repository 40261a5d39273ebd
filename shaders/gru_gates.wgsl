// A GRU's state after a step, with the reset after the product: y = sigmoid(z) h + (1 - sigmoid(z)) tanh(xc + sigmoid(r) ic), rows of
// `columns` quads, z = xz + iz, r = xr + ir. A row of x is xz, xr and xc behind each other, one of inner iz, ir and ic.
alias In4 = vec4<f32>;
alias Out4 = vec4<f32>;
alias Acc = f32;

struct Params {
  size: u32,    // quads of h
  columns: u32, // quads of a row of h
}

@group(0) @binding(0) var<storage, read> x: array<In4>;
@group(0) @binding(1) var<storage, read> inner: array<In4>;
@group(0) @binding(2) var<storage, read> h: array<In4>;
@group(0) @binding(3) var<storage, read_write> y: array<Out4>;
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
  let first = quad + 2u * quotient(quad, width) * width;
  let z = sigmoid(in4(x[first]) + in4(inner[first]));
  let r = sigmoid(in4(x[first + width]) + in4(inner[first + width]));
  let candidate = saturatingTanh(in4(x[first + 2u * width]) + r * in4(inner[first + 2u * width]));
  y[quad] = out4(z * in4(h[quad]) + (1.0 - z) * candidate);
}
