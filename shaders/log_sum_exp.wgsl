// log(sum over c of e^logits[row, c]), in f32: one number a row or, with SPLIT, two, the row's maximum and the rest.
// LANES neighbouring invocations share a row.
alias In4 = vec4<f32>;
alias Acc = f32;

override SPLIT: bool = false;
// Rows are whole quads.
override WHOLE: bool = false;

const LANES = 64u;

struct Params {
  rows: u32,
  columns: u32,
}

@group(0) @binding(0) var<storage, read> logits: array<In4>;
@group(0) @binding(1) var<storage, read_write> lse: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

// #include "lib/in.wgsl"
// #include "lib/log_sum_exp.wgsl"

var<workgroup> folded: array<f32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let row = rowOf(group, groups, lane);
  let result = logSumExp(min(row, params.rows - 1u), lane);
  if lane % LANES == 0u && row < params.rows {
    if SPLIT {
      lse[2u * row] = result.x;
      lse[2u * row + 1u] = result.y;
    } else {
      lse[row] = result.x + result.y;
    }
  }
}
