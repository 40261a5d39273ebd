// Softmax cross-entropy from logits, in f32, LANES neighbouring invocations a row:
// loss[row] = sum over c of t[row, c] (lse[row] - logits[row, c]), lse being the row's log-sum-exp, kept in two numbers.
// SPARSE: targets are class numbers (i32), t is one-hot. Otherwise they are rows x columns of f32. A class number
// outside 0 .. columns - 1 gives NaN.
alias In4 = vec4<f32>;
alias Acc = f32;

override SPARSE: bool = true;
// Rows are whole quads.
override WHOLE: bool = false;

const LANES = 64u;

struct Params {
  rows: u32,
  columns: u32,
}

@group(0) @binding(0) var<storage, read> logits: array<In4>;
@group(0) @binding(1) var<storage, read> targets: array<u32>;
// f32 by its bits, so that NaN can be written as such.
@group(0) @binding(2) var<storage, read_write> loss: array<u32>;
@group(0) @binding(3) var<storage, read_write> lse: array<vec2<f32>>;
@group(0) @binding(4) var<uniform> params: Params;

// #include "lib/in.wgsl"
// #include "lib/log_sum_exp.wgsl"

var<workgroup> folded: array<f32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let index = rowOf(group, groups, lane);
  let row = min(index, params.rows - 1u);
  let own = logSumExp(row, lane);
  let first = row * params.columns;
  var bits = 0x7fc00000u;
  if SPARSE {
    let label = targets[row];
    if label < params.columns {
      bits = bitcast<u32>(own.y - (logitAt(first + label) - own.x));
    }
  } else {
    var sum = 0.0;
    for (var column = lane % LANES; column < params.columns; column += LANES) {
      sum += bitcast<f32>(targets[first + column]) * (own.y - (logitAt(first + column) - own.x));
    }
    bits = bitcast<u32>(foldSum(lane, sum));
  }
  if lane % LANES == 0u && index < params.rows {
    loss[row] = bits;
    lse[row] = own;
  }
}
