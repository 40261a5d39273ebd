// C = act(A' B' + bias + residual), in the terms of interface/gemm.wgsl.
// For GPUs: a workgroup of ACROSS x DOWN invocations brings tiles of A and B into workgroup memory, as they are stored, and
// each invocation keeps TM rows x TQ quads of C in registers. The next tiles are fetched while these are multiplied.
// #include "interface/gemm.wgsl"

const TM = 8u;
const TQ = 1u;
const BK = 4u; // quads of K a step
const ACROSS = 16u;
const DOWN = 16u;

const THREADS = ACROSS * DOWN;
const ROWS = DOWN * TM;
const QUADS = ACROSS * TQ;
// Quads that one invocation fetches for a step; no tile asks for more than 4 of either.
const LOADS_A = ROWS * BK / THREADS;
const LOADS_B = QUADS * 4u * BK / THREADS;
// Rows along K are a quad longer than their tile, so that neighbours meet other banks of workgroup memory.
const STRIDE = BK + 1u;

var<workgroup> tileA: array<vec4<Acc>, ROWS * STRIDE>;
var<workgroup> tileB: array<vec4<Acc>, QUADS * 4u * STRIDE>;

fn fetchA(tile: Tile, k4: u32, index: u32) -> vec4<Acc> {
  if TRANSPOSE_A {
    return storedA(tile.matrix, k4 * 4u + index / (ROWS / 4u), tile.row / 4u + index % (ROWS / 4u));
  }
  return storedA(tile.matrix, tile.row + index / BK, k4 + index % BK);
}

fn fetchB(tile: Tile, k4: u32, index: u32) -> vec4<Acc> {
  if TRANSPOSE_B {
    return storedB(tile.matrix, tile.quad * 4u + index / BK, k4 + index % BK);
  }
  return storedB(tile.matrix, k4 * 4u + index / QUADS, tile.quad + index % QUADS);
}

fn putA(index: u32, v: vec4<Acc>) {
  tileA[select(index / BK * STRIDE + index % BK, index, TRANSPOSE_A)] = v;
}

fn putB(index: u32, v: vec4<Acc>) {
  tileB[select(index, index / BK * STRIDE + index % BK, TRANSPOSE_B)] = v;
}

// Rows 4 * k4 to 4 * k4 + 3 of the tile of B', in the columns of quad `quad`.
fn ownB(k4: u32, quad: u32) -> mat4x4<Acc> {
  if TRANSPOSE_B {
    let at = quad * 4u * STRIDE + k4;
    return transpose(mat4x4<Acc>(tileB[at], tileB[at + STRIDE], tileB[at + 2u * STRIDE], tileB[at + 3u * STRIDE]));
  }
  let at = k4 * 4u * QUADS + quad;
  return mat4x4<Acc>(tileB[at], tileB[at + QUADS], tileB[at + 2u * QUADS], tileB[at + 3u * QUADS]);
}

// Rows 4 * row4 to 4 * row4 + 3 of the tile of A', 4 * k4 to 4 * k4 + 3, a column of the result each.
fn ownA(row4: u32, k4: u32) -> mat4x4<Acc> {
  if TRANSPOSE_A {
    let at = k4 * ROWS + row4;
    let stride = ROWS / 4u;
    return transpose(mat4x4<Acc>(tileA[at], tileA[at + stride], tileA[at + 2u * stride], tileA[at + 3u * stride]));
  }
  let at = row4 * 4u * STRIDE + k4;
  return mat4x4<Acc>(tileA[at], tileA[at + STRIDE], tileA[at + 2u * STRIDE], tileA[at + 3u * STRIDE]);
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let tile = tileAt(group.y * groups.x + group.x, ROWS, QUADS);
  if tile.matrix >= params.batch {
    return;
  }
  let across = lane % ACROSS;
  let down = lane / ACROSS;
  let k = rangeOfK(tile);
  var acc: array<vec4<Acc>, TM * TQ>;
  // Named, since an array of them would live in memory.
  var a0 = fetchA(tile, k.x, lane);
  var a1: vec4<Acc>;
  var a2: vec4<Acc>;
  var a3: vec4<Acc>;
  var b0 = fetchB(tile, k.x, lane);
  var b1: vec4<Acc>;
  var b2: vec4<Acc>;
  var b3: vec4<Acc>;
  if LOADS_A > 1u { a1 = fetchA(tile, k.x, lane + THREADS); }
  if LOADS_A > 2u { a2 = fetchA(tile, k.x, lane + 2u * THREADS); }
  if LOADS_A > 3u { a3 = fetchA(tile, k.x, lane + 3u * THREADS); }
  if LOADS_B > 1u { b1 = fetchB(tile, k.x, lane + THREADS); }
  if LOADS_B > 2u { b2 = fetchB(tile, k.x, lane + 2u * THREADS); }
  if LOADS_B > 3u { b3 = fetchB(tile, k.x, lane + 3u * THREADS); }
  for (var step = k.x; step < k.y; step += BK) {
    putA(lane, a0);
    if LOADS_A > 1u { putA(lane + THREADS, a1); }
    if LOADS_A > 2u { putA(lane + 2u * THREADS, a2); }
    if LOADS_A > 3u { putA(lane + 3u * THREADS, a3); }
    putB(lane, b0);
    if LOADS_B > 1u { putB(lane + THREADS, b1); }
    if LOADS_B > 2u { putB(lane + 2u * THREADS, b2); }
    if LOADS_B > 3u { putB(lane + 3u * THREADS, b3); }
    workgroupBarrier();
    let next = step + BK;
    if next < k.y {
      a0 = fetchA(tile, next, lane);
      if LOADS_A > 1u { a1 = fetchA(tile, next, lane + THREADS); }
      if LOADS_A > 2u { a2 = fetchA(tile, next, lane + 2u * THREADS); }
      if LOADS_A > 3u { a3 = fetchA(tile, next, lane + 3u * THREADS); }
      b0 = fetchB(tile, next, lane);
      if LOADS_B > 1u { b1 = fetchB(tile, next, lane + THREADS); }
      if LOADS_B > 2u { b2 = fetchB(tile, next, lane + 2u * THREADS); }
      if LOADS_B > 3u { b3 = fetchB(tile, next, lane + 3u * THREADS); }
    }
    for (var k4 = 0u; k4 < BK; k4++) {
      var blocks: array<mat4x4<Acc>, TQ>;
      for (var q = 0u; q < TQ; q++) {
        blocks[q] = ownB(k4, across + q * ACROSS);
      }
      for (var r = 0u; r < TM; r += 4u) {
        let rows = ownA((down * TM + r) / 4u, k4);
        for (var i = 0u; i < 4u; i++) {
          for (var q = 0u; q < TQ; q++) {
            acc[(r + i) * TQ + q] += blocks[q] * rows[i];
          }
        }
      }
    }
    workgroupBarrier();
  }
  for (var q = 0u; q < TQ; q++) {
    let quad = tile.quad + across + q * ACROSS;
    let column = columnAt(quad);
    for (var r = 0u; r < TM; r++) {
      store(tile.matrix * params.splits + tile.split, tile.row + down * TM + r, quad, acc[r * TQ + q], column);
    }
  }
}
