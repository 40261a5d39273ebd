// C = act(A' B' + bias + residual): A' is M x K, B' is K x N, C and residual are M x N, all row-major; bias has N elements.
// A is stored M x K (K x M with TRANSPOSE_A), B is stored K x N (N x K with TRANSPOSE_B), by the batch. Rows of all, as
// stored, are whole quads: row i starts at quad i * ceil(columns / 4), and what pads a row of A or B is zero.
// For adapters that a processor plays, where loads cost most: one subgroup of LANES invocations a workgroup and a tile of
// TM rows x 4 * LANES columns. Each lane loads quads of B for its own columns and a share of the tile's A, whose values
// reach the other lanes by shuffles from lanes known when compiled. No workgroup memory, no barrier.
alias In4 = vec4<f32>;
alias Out4 = vec4<f32>;
alias Acc = f32;

const TM = 32u;
const LANES = 8u;
// Quads of A that a lane holds: of its rows along K, or of one row along M.
const ROWS = (TM + LANES - 1u) / LANES;
const QUADS = (TM / 4u + LANES - 1u) / LANES;

override TRANSPOSE_A: bool = false;
override TRANSPOSE_B: bool = false;
// K is not whole steps of the kernel; M or N is not whole tiles.
override RAGGED_K: bool = true;
override RAGGED_EDGES: bool = true;
override BIAS: bool = false;
override RESIDUAL: bool = false;
override ACTIVATION: u32 = 0;
// Bits of the least magnitude that sets the flag.
override OVERFLOW: bool = false;
override OVERFLOW_FROM: u32 = 0x7f800000;

struct Params {
  m: u32,
  k: u32,
  n: u32,
  batch: u32,   // products
  strideA: u32, // quads from one matrix to the next; 0 where all products share one
  strideB: u32,
  splits: u32,  // parts of K, summed by gemm_sum
  chunk: u32,   // quads of K in one part
}

@group(0) @binding(0) var<storage, read> a: array<In4>;
@group(0) @binding(1) var<storage, read> b: array<In4>;
@group(0) @binding(2) var<storage, read> bias: array<In4>;
@group(0) @binding(3) var<storage, read> residual: array<In4>;
@group(0) @binding(4) var<storage, read_write> overflow: array<atomic<u32>>;
@group(0) @binding(5) var<storage, read_write> c: array<Out4>;
@group(0) @binding(6) var<uniform> params: Params;

// #include "lib/in.wgsl"
// #include "lib/narrow.wgsl"
// #include "lib/out.wgsl"
// #include "lib/activation.wgsl"
// #include "lib/quads.wgsl"
// #include "lib/matrices.wgsl"
// #include "lib/tile.wgsl"
// #include "lib/epilogue.wgsl"

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(subgroup_invocation_id) lane: u32) {
  let tile = tileAt(group.y * groups.x + group.x, TM, LANES);
  if tile.matrix >= params.batch {
    return;
  }
  let quad = tile.quad + lane;
  let k = rangeOfK(tile);
  var acc: array<vec4<Acc>, TM>;
  if TRANSPOSE_A {
    // A row of A as stored holds one k of all rows of the tile: an outer product a step. Four steps in one body would leave
    // the sums in memory, at a quarter of the speed: the compiler unrolls loops only up to a size.
    for (var k4 = k.x; k4 < k.y; k4++) {
      let block = blockOfB(tile.matrix, k4, quad);
      for (var j = 0u; j < 4u; j++) {
        var own: array<vec4<Acc>, QUADS>;
        for (var i = 0u; i < QUADS; i++) {
          own[i] = storedA(tile.matrix, 4u * k4 + j, tile.row / 4u + (i * LANES + lane) % (TM / 4u));
        }
        // A row that storage holds is loaded where it is used: an eighth faster than the block's.
        var across = block[j];
        if !TRANSPOSE_B {
          across = storedB(tile.matrix, 4u * k4 + j, quad);
        }
        for (var q = 0u; q < TM / 4u; q++) {
          let s = subgroupShuffle(own[q / LANES], q % LANES);
          acc[4u * q] += across * s.x;
          acc[4u * q + 1u] += across * s.y;
          acc[4u * q + 2u] += across * s.z;
          acc[4u * q + 3u] += across * s.w;
        }
      }
    }
  } else {
    for (var k4 = k.x; k4 < k.y; k4++) {
      var own: array<vec4<Acc>, ROWS>;
      for (var i = 0u; i < ROWS; i++) {
        own[i] = storedA(tile.matrix, tile.row + i * LANES + lane, k4);
      }
      let block = blockOfB(tile.matrix, k4, quad);
      for (var r = 0u; r < TM; r++) {
        acc[r] += block * subgroupShuffle(own[r / LANES], r % LANES);
      }
    }
  }
  let offset = biasAt(quad);
  for (var r = 0u; r < TM; r++) {
    store(tile.matrix * params.splits + tile.split, tile.row + r, quad, acc[r] + offset);
  }
}
