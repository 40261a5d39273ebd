// Sets state[0] (the overflow flag) when one of size elements of x is infinite or NaN, by their bits alone: WGSL lets a
// compiler assume that there are none. HALF: x holds halves, two a word. BLOCKS: x is an arena, and only the first
// blocks[i] elements of its block i, of 128, hold anything. An invocation looks through a block.
override HALF: bool = false;
override BLOCKS: bool = false;

struct Params {
  size: u32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read> blocks: array<u32>;
@group(0) @binding(2) var<storage, read_write> state: array<atomic<u32>>;
@group(0) @binding(3) var<uniform> params: Params;

// #include "lib/grid.wgsl"

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let block = linearIndex(group, groups, lane, 64u);
  if block * 128u >= params.size {
    return;
  }
  // Elements of the block that count; what follows them is padding.
  var count = min(params.size - block * 128u, 128u);
  if BLOCKS {
    count = blocks[block];
  }
  let each = select(4u, 8u, HALF);
  let words = vec4<u32>(0u, 1u, 2u, 3u);
  var bad = vec4<bool>();
  for (var at = 0u; at < count; at += each) {
    let w = x[(block * 128u + at) / each];
    if HALF {
      let even = (w & vec4<u32>(0x7c00u)) == vec4<u32>(0x7c00u);
      let odd = (w & vec4<u32>(0x7c000000u)) == vec4<u32>(0x7c000000u);
      bad = bad | (even & (vec4<u32>(at) + 2u * words < vec4<u32>(count)));
      bad = bad | (odd & (vec4<u32>(at + 1u) + 2u * words < vec4<u32>(count)));
    } else {
      let high = (w & vec4<u32>(0x7f800000u)) == vec4<u32>(0x7f800000u);
      bad = bad | (high & (vec4<u32>(at) + words < vec4<u32>(count)));
    }
  }
  if any(bad) {
    atomicOr(&state[0], 1u);
  }
}
