// C = act(A' B' + bias + residual), in the terms of interface/gemm.wgsl.
// For adapters that a processor plays, where loads cost most: one subgroup of LANES invocations a workgroup and a tile of
// TM rows x 4 * LANES columns. Each lane loads quads of B for its own columns and a share of the tile's A, whose values
// reach the other lanes by shuffles from lanes known when compiled. No workgroup memory, no barrier.
// #include "interface/gemm.wgsl"

const TM = 32u;
const LANES = 8u;
// Quads of A that a lane holds: of its rows along K, or of one row along M.
const ROWS = (TM + LANES - 1u) / LANES;
const QUADS = (TM / 4u + LANES - 1u) / LANES;

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
    // Of PATCHES: the one of this step, how many are left of its line, and what a lane reads of it.
    var corner: vec3<u32>;
    var left = 0u;
    var taps: array<vec3<u32>, QUADS>;
    if PATCHES {
      corner = cornerOf(tile.matrix, 4u * k.x);
      left = params.positionsAcross - 4u * k.x % params.positionsAcross;
      for (var i = 0u; i < QUADS; i++) {
        taps[i] = tapOf(tile.row / 4u + (i * LANES + lane) % (TM / 4u));
      }
    }
    // A row of A as stored holds one k of all rows of the tile: an outer product a step. Four steps in one body would leave
    // the sums in memory, at a quarter of the speed: the compiler unrolls loops only up to a size.
    for (var k4 = k.x; k4 < k.y; k4++) {
      let block = blockOfB(tile.matrix, k4, quad);
      for (var j = 0u; j < 4u; j++) {
        var own: array<vec4<Acc>, QUADS>;
        if PATCHES {
          if left == 0u {
            corner = cornerOf(tile.matrix, 4u * k4 + j);
            left = params.positionsAcross;
          }
          for (var i = 0u; i < QUADS; i++) {
            own[i] = in4(patchQuad(corner, taps[i]));
          }
          left--;
          corner += vec3<u32>(params.strideAcross, 0u, params.strideAcross * params.channels);
        } else {
          for (var i = 0u; i < QUADS; i++) {
            own[i] = storedA(tile.matrix, 4u * k4 + j, tile.row / 4u + (i * LANES + lane) % (TM / 4u));
          }
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
    let corners = cornersOf(tile.matrix, tile.row + lane + LANES * vec4<u32>(0u, 1u, 2u, 3u));
    for (var k4 = k.x; k4 < k.y; k4++) {
      var own: array<vec4<Acc>, ROWS>;
      if PATCHES {
        let tap = tapOf(k4);
        for (var i = 0u; i < ROWS; i++) {
          own[i] = in4(patchQuad(vec3<u32>(corners.x[i], corners.y[i], corners.quad[i]), tap));
        }
      } else {
        for (var i = 0u; i < ROWS; i++) {
          own[i] = storedA(tile.matrix, tile.row + i * LANES + lane, k4);
        }
      }
      let block = blockOfB(tile.matrix, k4, quad);
      for (var r = 0u; r < TM; r++) {
        acc[r] += block * subgroupShuffle(own[r / LANES], r % LANES);
      }
    }
  }
  let column = columnAt(quad);
  for (var r = 0u; r < TM; r++) {
    store(tile.matrix * params.splits + tile.split, tile.row + r, quad, acc[r], column);
  }
}
