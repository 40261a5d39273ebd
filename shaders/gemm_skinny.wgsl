// C = act(A' B' + bias + residual), in the terms of interface/gemm.wgsl.
// For few rows or few columns: SLICES invocations share a register tile of TM rows x 4 columns and each sums every
// SLICES-th quad of K; the slices are added in their order.
// #include "interface/gemm.wgsl"

const TM = 4u;

override SLICES: u32 = 8;
override ACROSS: u32 = 8; // tiles of 4 columns a workgroup; what is left of its 64 invocations goes down

// #include "lib/block.wgsl"

var<workgroup> partial: array<vec4<Acc>, 64u * TM>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let cells = 64u / SLICES;
  let tile = tileAt(group.y * groups.x + group.x, cells / ACROSS * TM, ACROSS);
  if tile.matrix >= params.batch {
    return;
  }
  // Neighbours read what lies side by side: the same row of B along N, or rows along K.
  var slice = lane / cells;
  var cell = lane % cells;
  if TRANSPOSE_B || ACROSS == 1u {
    slice = lane % SLICES;
    cell = lane / SLICES;
  }
  let row = tile.row + cell / ACROSS * TM;
  let quad = tile.quad + cell % ACROSS;
  let k = rangeOfK(tile);
  var acc: array<vec4<Acc>, TM>;
  for (var k4 = k.x + slice; k4 < k.y; k4 += SLICES) {
    accumulate(&acc, tile.matrix, row, quad, k4);
  }
  for (var r = 0u; r < TM; r++) {
    partial[(slice * cells + cell) * TM + r] = acc[r];
  }
  workgroupBarrier();
  let column = columnAt(quad);
  for (var r = slice; r < TM; r += SLICES) {
    var sum = partial[cell * TM + r];
    for (var s = 1u; s < SLICES; s++) {
      sum += partial[(s * cells + cell) * TM + r];
    }
    store(tile.matrix * params.splits + tile.split, row + r, quad, sum, column);
  }
}
