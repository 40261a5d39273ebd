// C = act(A' B' + bias + residual), in the terms of interface/gemm.wgsl.
// By subgroup matrices of In: tiles of A and B in workgroup memory, as they are stored, and DOWN x ACROSS fragments of C a subgroup,
// GROUPS_DOWN x GROUPS_ACROSS subgroups a workgroup. Fragments are loaded from whole tiles only, never beyond a buffer.
// #include "interface/gemm.wgsl"
alias In = f32;
alias Stage4 = vec4<f32>;

// Elements of the fragments that the units multiply: FM x FK times FK x FN.
const FM = 8u;
const FN = 8u;
const FK = 8u;
// Fragments of one subgroup, and subgroups of a workgroup.
const DOWN = 2u;
const ACROSS = 2u;
const GROUPS_DOWN = 2u;
const GROUPS_ACROSS = 2u;
// Quads of K a step.
const BK = 4u;
const LANES = 32u;
// The same where an adapter has subgroups of several sizes, else 0.
const SUBGROUP = 0u;

const THREADS = LANES * GROUPS_DOWN * GROUPS_ACROSS;
const ROWS = GROUPS_DOWN * DOWN * FM;
const QUADS = GROUPS_ACROSS * ACROSS * FN / 4u;
// Rows of the tiles in workgroup memory are 2 quads longer than they need be, so that neighbours meet other banks.
const STRIDE_K = BK + 2u;
const STRIDE_A = ROWS / 4u + 2u;
const STRIDE_B = QUADS + 2u;
// Quads of a row of the fragments that one subgroup stores at once.
const STRIP = ACROSS * FN / 4u;

// #include "lib/stage.wgsl"

alias Left = subgroup_matrix_left<In, FK, FM>;
alias Right = subgroup_matrix_right<In, FN, FK>;
alias Sum = subgroup_matrix_result<Acc, FN, FM>;

var<workgroup> tileA: array<Stage4, max(ROWS * STRIDE_K, BK * 4u * STRIDE_A)>;
var<workgroup> tileB: array<Stage4, max(QUADS * 4u * STRIDE_K, BK * 4u * STRIDE_B)>;
var<workgroup> strips: array<vec4<Acc>, GROUPS_DOWN * GROUPS_ACROSS * FM * STRIP>;

fn stageA(tile: Tile, k4: u32, lane: u32) {
  for (var index = lane; index < ROWS * BK; index += THREADS) {
    if TRANSPOSE_A {
      let row = index / (ROWS / 4u);
      let quad = index % (ROWS / 4u);
      tileA[row * STRIDE_A + quad] = stage4(rawA(tile.matrix, k4 * 4u + row, tile.row / 4u + quad));
    } else {
      tileA[index / BK * STRIDE_K + index % BK] = stage4(rawA(tile.matrix, tile.row + index / BK, k4 + index % BK));
    }
  }
}

fn stageB(tile: Tile, k4: u32, lane: u32) {
  for (var index = lane; index < QUADS * 4u * BK; index += THREADS) {
    if TRANSPOSE_B {
      let row = index / BK;
      tileB[row * STRIDE_K + index % BK] = stage4(rawB(tile.matrix, tile.quad * 4u + row, k4 + index % BK));
    } else {
      let row = index / QUADS;
      let quad = index % QUADS;
      tileB[row * STRIDE_B + quad] = stage4(rawB(tile.matrix, k4 * 4u + row, tile.quad + quad));
    }
  }
}

// Rows from `row`, k from `k` of the tile of A', as it lies in workgroup memory.
fn leftAt(row: u32, k: u32) -> Left {
  if TRANSPOSE_A {
    return subgroupMatrixLoad<Left, col_major>(&tileA, k * STRIDE_A + row / 4u, STRIDE_A);
  }
  return subgroupMatrixLoad<Left, row_major>(&tileA, row * STRIDE_K + k / 4u, STRIDE_K);
}

fn rightAt(k: u32, column: u32) -> Right {
  if TRANSPOSE_B {
    return subgroupMatrixLoad<Right, col_major>(&tileB, column * STRIDE_K + k / 4u, STRIDE_K);
  }
  return subgroupMatrixLoad<Right, row_major>(&tileB, k * STRIDE_B + column / 4u, STRIDE_B);
}

@compute @workgroup_size(THREADS) @subgroup_size(SUBGROUP)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32, @builtin(subgroup_id) subgroup: u32) {
  let tile = tileAt(group.y * groups.x + group.x, ROWS, QUADS);
  if tile.matrix >= params.batch {
    return;
  }
  let firstRow = subgroup / GROUPS_ACROSS * DOWN * FM;
  let firstColumn = subgroup % GROUPS_ACROSS * ACROSS * FN;
  let k = rangeOfK(tile);
  var acc: array<Sum, DOWN * ACROSS>;
  for (var step = k.x; step < k.y; step += BK) {
    stageA(tile, step, lane);
    stageB(tile, step, lane);
    workgroupBarrier();
    for (var inner = 0u; inner < BK * 4u; inner += FK) {
      var rights: array<Right, ACROSS>;
      for (var j = 0u; j < ACROSS; j++) {
        rights[j] = rightAt(inner, firstColumn + j * FN);
      }
      for (var i = 0u; i < DOWN; i++) {
        let left = leftAt(firstRow + i * FM, inner);
        for (var j = 0u; j < ACROSS; j++) {
          acc[i * ACROSS + j] = subgroupMatrixMultiplyAccumulate(left, rights[j], acc[i * ACROSS + j]);
        }
      }
    }
    workgroupBarrier();
  }
  // Sums cannot be read but from memory: a strip of FM rows of every subgroup at a time.
  for (var i = 0u; i < DOWN; i++) {
    for (var j = 0u; j < ACROSS; j++) {
      subgroupMatrixStore<row_major>(&strips, subgroup * FM * STRIP + j * FN / 4u, acc[i * ACROSS + j], STRIP);
    }
    workgroupBarrier();
    for (var index = lane; index < GROUPS_DOWN * GROUPS_ACROSS * FM * STRIP; index += THREADS) {
      let owner = index / (FM * STRIP);
      let place = index % (FM * STRIP);
      let row = tile.row + (owner / GROUPS_ACROSS * DOWN + i) * FM + place / STRIP;
      let quad = tile.quad + owner % GROUPS_ACROSS * STRIP + place % STRIP;
      store(tile.matrix * params.splits + tile.split, row, quad, strips[index], columnAt(quad));
    }
    workgroupBarrier();
  }
}
