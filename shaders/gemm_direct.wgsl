// C = act(A' B' + bias + residual), in the terms of interface/gemm.wgsl.
// A register tile of TM rows x 4 columns an invocation, operands read straight from storage: no workgroup memory, no
// barrier, no subgroups.
// #include "interface/gemm.wgsl"

const TM = 8u;

// #include "lib/grid.wgsl"
// #include "lib/block.wgsl"

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let tile = tileAt(linearIndex(group, groups, lane, 64u), TM, 1u);
  if tile.matrix >= params.batch {
    return;
  }
  let k = rangeOfK(tile);
  var acc: array<vec4<Acc>, TM>;
  for (var k4 = k.x; k4 < k.y; k4++) {
    accumulate(&acc, tile.matrix, tile.row, tile.quad, k4);
  }
  let column = columnAt(tile.quad);
  for (var r = 0u; r < TM; r++) {
    store(tile.matrix * params.splits + tile.split, tile.row + r, tile.quad, acc[r], column);
  }
}
