// out[i] = in[i] in another element type, size elements. With FLAG, a finite float that is beyond float16 (|x| >= 65520)
// sets flag[0] to 1; such a value becomes infinity.
alias In4 = vec4<f32>;
alias Out4 = vec4<f32>;
alias Acc = f32;

// Quads that an invocation converts.
const QUADS = 4u;

override FLAG: bool = false;
// The result is bool: anything but zero becomes 1.
override TO_BOOL: bool = false;

struct Params {
  size: u32,
}

@group(0) @binding(0) var<storage, read> x: array<In4>;
@group(0) @binding(1) var<storage, read_write> y: array<Out4>;
@group(0) @binding(2) var<storage, read_write> flag: array<atomic<u32>>;
@group(0) @binding(3) var<uniform> params: Params;

// #include "lib/grid.wgsl"
// #include "lib/in.wgsl"
// #include "lib/narrow.wgsl"
// #include "lib/out.wgsl"

// Quad `quad`. Storage is padded to whole quads; what pads it may hold anything, and sets no flag.
fn convert(quad: u32) {
  var v = in4(x[quad]);
  if TO_BOOL {
    v = select(vec4<Acc>(0), vec4<Acc>(1), v != vec4<Acc>(0));
  }
  y[quad] = out4(v);
  if FLAG {
    let inside = vec4<u32>(quad * 4u) + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(params.size);
    let magnitude = bitcast<vec4<u32>>(v) & vec4<u32>(0x7fffffffu);
    let beyond = (magnitude >= vec4<u32>(0x477ff000u)) & (magnitude < vec4<u32>(0x7f800000u)) & inside;
    if any(beyond) {
      atomicOr(&flag[0], 1u);
    }
  }
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let first = linearIndex(group, groups, 0u, 64u * QUADS) + lane;
  // Whole workgroups take a body without branches: on a software adapter twice as fast.
  if first - lane + 64u * QUADS <= params.size / 4u {
    for (var i = 0u; i < QUADS; i++) {
      convert(first + 64u * i);
    }
    return;
  }
  for (var i = 0u; i < QUADS; i++) {
    if (first + 64u * i) * 4u < params.size {
      convert(first + 64u * i);
    }
  }
}
