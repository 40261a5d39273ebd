// y = e^(logits - lse) or, with LOG, logits - lse: rows x columns, lse one f32 a row.
alias In4 = vec4<f32>;
alias Out4 = vec4<f32>;
alias Acc = f32;

override LOG: bool = false;

struct Params {
  size: u32,
  columns: u32,
}

@group(0) @binding(0) var<storage, read> logits: array<In4>;
@group(0) @binding(1) var<storage, read> lse: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<Out4>;
@group(0) @binding(3) var<uniform> params: Params;

// #include "lib/grid.wgsl"
// #include "lib/in.wgsl"
// #include "lib/narrow.wgsl"
// #include "lib/out.wgsl"

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let quad = linearIndex(group, groups, lane, 64u);
  let i = quad * 4u;
  if i >= params.size {
    return;
  }
  let last = params.size - 1u;
  let shift = vec4<f32>(
    lse[i / params.columns],
    lse[min(i + 1u, last) / params.columns],
    lse[min(i + 2u, last) / params.columns],
    lse[min(i + 3u, last) / params.columns],
  );
  let v = in4(logits[quad]) - shift;
  y[quad] = out4(select(exp(v), v, LOG));
}
