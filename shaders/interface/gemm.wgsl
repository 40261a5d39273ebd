// C = act(A' B' + bias + residual): A' is M x K, B' is K x N, C and residual are M x N, all row-major; bias has N elements.
// A is stored M x K (K x M with TRANSPOSE_A), B is stored K x N (N x K with TRANSPOSE_B), by the batch. Rows of all, as
// stored, are whole quads: row i starts at quad i * ceil(columns / 4), and what pads a row of A or B is zero.
// With PATCHES the rows of A (its columns in A' with TRANSPOSE_A) are patches of images: lib/patches.wgsl.
alias In4 = vec4<f32>;
alias Out4 = vec4<f32>;
alias Acc = f32;

override TRANSPOSE_A: bool = false;
override TRANSPOSE_B: bool = false;
// K is not whole steps of the kernel; M or N is not whole tiles.
override RAGGED_K: bool = true;
override RAGGED_EDGES: bool = true;
override PATCHES: bool = false;
override BIAS: bool = false;
// Folded in from a kernel of its own: (v - centre) scale + shift by column, three vectors of f32 for a quad of columns.
override NORMALISE: bool = false;
override RESIDUAL: bool = false;
// `residual` is the output of a ReLU: results where it is not positive become 0, after the activation.
override GATE: bool = false;
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
  height: u32,  // of the images of PATCHES
  width: u32,
  channels: u32, // in quads
  filterAcross: u32,
  strideDown: u32,
  strideAcross: u32,
  dilationDown: u32,
  dilationAcross: u32,
  paddingTop: u32,
  paddingLeft: u32,
  positionsDown: u32, // patches of one image
  positionsAcross: u32,
}

@group(0) @binding(0) var<storage, read> a: array<In4>;
@group(0) @binding(1) var<storage, read> b: array<In4>;
@group(0) @binding(2) var<storage, read> bias: array<In4>;
@group(0) @binding(3) var<storage, read> factors: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> residual: array<In4>;
@group(0) @binding(5) var<storage, read_write> overflow: array<atomic<u32>>;
@group(0) @binding(6) var<storage, read_write> c: array<Out4>;
@group(0) @binding(7) var<uniform> params: Params;

// #include "lib/in.wgsl"
// #include "lib/narrow.wgsl"
// #include "lib/out.wgsl"
// #include "lib/activation.wgsl"
// #include "lib/quads.wgsl"
// #include "lib/quotient.wgsl"
// #include "lib/patches.wgsl"
// #include "lib/matrices.wgsl"
// #include "lib/tile.wgsl"
// #include "lib/epilogue.wgsl"
