// y[i] = f(x[i]); with ORDER 1 y[i] = g[i] f'(x[i]), with ORDER 2 y[i] = g[i] f''(x[i]), size elements. functions/ has
// value, slope and curvature of every f.
alias In4 = vec4<f32>;
alias Out4 = vec4<f32>;
alias Acc = f32;

override ORDER: u32 = 0;

struct Params {
  size: u32,
  alpha: f32, // of functions that have a parameter
}

@group(0) @binding(0) var<storage, read> x: array<In4>;
@group(0) @binding(1) var<storage, read> g: array<In4>;
@group(0) @binding(2) var<storage, read_write> y: array<Out4>;
@group(0) @binding(3) var<uniform> params: Params;

// #include "lib/grid.wgsl"
// #include "lib/in.wgsl"
// #include "lib/narrow.wgsl"
// #include "lib/out.wgsl"
// #include "functions/FUNCTION.wgsl"

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let quad = linearIndex(group, groups, lane, 64u);
  if quad * 4u >= params.size {
    return;
  }
  let v = in4(x[quad]);
  switch ORDER {
    case 1u: { y[quad] = out4(in4(g[quad]) * slope(v)); }
    case 2u: { y[quad] = out4(in4(g[quad]) * curvature(v)); }
    default: { y[quad] = out4(value(v)); }
  }
}
