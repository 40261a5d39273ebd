// The gradients of gru_gates by x, inner and h, from that by y, which dy is.
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
@group(0) @binding(3) var<storage, read> dy: array<In4>;
@group(0) @binding(4) var<storage, read_write> dx: array<Out4>;
@group(0) @binding(5) var<storage, read_write> dInner: array<Out4>;
@group(0) @binding(6) var<storage, read_write> dh: array<Out4>;
@group(0) @binding(7) var<uniform> params: Params;

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
  let ic = in4(inner[first + 2u * width]);
  let z = sigmoid(in4(x[first]) + in4(inner[first]));
  let r = sigmoid(in4(x[first + width]) + in4(inner[first + width]));
  let candidate = saturatingTanh(in4(x[first + 2u * width]) + r * ic);
  let upstream = in4(dy[quad]);
  let dz = upstream * (in4(h[quad]) - candidate) * z * (1.0 - z);
  let dc = upstream * (1.0 - z) * (1.0 - candidate * candidate);
  let dr = dc * ic * r * (1.0 - r);
  dx[first] = out4(dz);
  dInner[first] = out4(dz);
  dx[first + width] = out4(dr);
  dInner[first + width] = out4(dr);
  dx[first + 2u * width] = out4(dc);
  dInner[first + 2u * width] = out4(dc * r);
  dh[quad] = out4(upstream * z);
}
