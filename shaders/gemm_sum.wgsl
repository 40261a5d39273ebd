// C = act(sum of the parts + bias + residual): the parts are the products of a gemm kernel over parts of K, M x N each in f32,
// those of one matrix side by side; they are added in their order, so that the result is the same in every run.
alias In4 = vec4<f32>;
alias Out4 = vec4<f32>;
alias Acc = f32;

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
  n: u32,
  batch: u32,
  splits: u32,
}

@group(0) @binding(0) var<storage, read> parts: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> bias: array<In4>;
@group(0) @binding(2) var<storage, read> factors: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> residual: array<In4>;
@group(0) @binding(4) var<storage, read_write> overflow: array<atomic<u32>>;
@group(0) @binding(5) var<storage, read_write> c: array<Out4>;
@group(0) @binding(6) var<uniform> params: Params;

// #include "lib/in.wgsl"
// #include "lib/narrow.wgsl"
// #include "lib/out.wgsl"
// #include "lib/activation.wgsl"
// #include "lib/grid.wgsl"
// #include "lib/quads.wgsl"
// #include "lib/epilogue.wgsl"

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let index = linearIndex(group, groups, lane, 64u);
  let size = params.m * quads(params.n);
  let matrix = index / size;
  let at = index % size;
  if matrix >= params.batch {
    return;
  }
  var sum = parts[matrix * params.splits * size + at];
  for (var s = 1u; s < params.splits; s++) {
    sum += parts[(matrix * params.splits + s) * size + at];
  }
  let quad = at % quads(params.n);
  store(matrix, at / quads(params.n), quad, sum, columnAt(quad));
}
