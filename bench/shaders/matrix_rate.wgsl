// sums = LEFTS x RIGHTS accumulators, each `acc += a b` rounds times in the matrix units, without memory in between: the rate
// that no product of matrices on this path can pass. Every subgroup of a workgroup of THREADS does the same, and stores all.
alias In = f32;

// A fragment is FM x FK times FK x FN.
const FM = 8u;
const FN = 8u;
const FK = 8u;
const LEFTS = 2u;
const RIGHTS = 2u;
const THREADS = 32u;
// Invocations of a subgroup where the device can be told; 0 where it has one size.
const SUBGROUP = 0u;
// 1 to read the fragments anew in each round: where a processor plays the matrix units, its compiler would multiply once.
const RELOAD = 0u;

struct Params {
  rounds: u32,
}

@group(0) @binding(0) var<storage, read> a: array<In>;
@group(0) @binding(1) var<storage, read> b: array<In>;
@group(0) @binding(2) var<storage, read_write> sums: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(THREADS) @subgroup_size(SUBGROUP)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(subgroup_id) subgroup: u32, @builtin(num_subgroups) subgroups: u32) {
  var left: array<subgroup_matrix_left<In, FK, FM>, LEFTS>;
  var right: array<subgroup_matrix_right<In, FN, FK>, RIGHTS>;
  var acc: array<subgroup_matrix_result<f32, FN, FM>, LEFTS * RIGHTS>;
  for (var round = 0u; round < params.rounds; round++) {
    if RELOAD == 1u || round == 0u {
      // The buffers hold everything twice.
      let turn = round & 1u;
      for (var i = 0u; i < LEFTS; i++) {
        left[i] = subgroupMatrixLoad<subgroup_matrix_left<In, FK, FM>, row_major>(&a, (turn * LEFTS + i) * FM * FK, FK);
      }
      for (var j = 0u; j < RIGHTS; j++) {
        right[j] = subgroupMatrixLoad<subgroup_matrix_right<In, FN, FK>, row_major>(&b, (turn * RIGHTS + j) * FK * FN, FN);
      }
    }
    for (var i = 0u; i < LEFTS; i++) {
      for (var j = 0u; j < RIGHTS; j++) {
        acc[i * RIGHTS + j] = subgroupMatrixMultiplyAccumulate(left[i], right[j], acc[i * RIGHTS + j]);
      }
    }
  }
  let first = (group.x * subgroups + subgroup) * LEFTS * RIGHTS * FM * FN;
  for (var i = 0u; i < LEFTS * RIGHTS; i++) {
    subgroupMatrixStore<row_major>(&sums, first + i * FM * FN, acc[i], FN);
  }
}
