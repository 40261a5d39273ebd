// Sets state[2] (the overflow flag) when one of size elements of x is infinite or NaN, by their bits alone: WGSL lets a
// compiler assume that there are none. HALF: x holds halves, two a word. BLOCKS: x is an arena, and only the first
// blocks[i] elements of its block i, of 128, hold anything.
override HALF: bool = false;
override BLOCKS: bool = false;

// Quads of words that an invocation reads, all of one block.
const QUADS = 4u;

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
  let first = linearIndex(group, groups, lane, 64u) * QUADS;
  let each = select(4u, 8u, HALF);
  let element = first * each;
  if element >= params.size {
    return;
  }
  // Elements from here on that count; what follows them is padding.
  var left = params.size - element;
  if BLOCKS {
    left = max(blocks[element / 128u], element % 128u) - element % 128u;
  }
  var bad = vec4<bool>();
  for (var i = 0u; i < QUADS; i++) {
    let at = i * each;
    if at >= left {
      break;
    }
    let w = x[first + i];
    let words = vec4<u32>(0u, 1u, 2u, 3u);
    if HALF {
      let even = (w & vec4<u32>(0x7c00u)) == vec4<u32>(0x7c00u);
      let odd = (w & vec4<u32>(0x7c000000u)) == vec4<u32>(0x7c000000u);
      bad = bad | (even & (vec4<u32>(at) + 2u * words < vec4<u32>(left)));
      bad = bad | (odd & (vec4<u32>(at + 1u) + 2u * words < vec4<u32>(left)));
    } else {
      let high = (w & vec4<u32>(0x7f800000u)) == vec4<u32>(0x7f800000u);
      bad = bad | (high & (vec4<u32>(at) + words < vec4<u32>(left)));
    }
  }
  if any(bad) {
    atomicOr(&state[2], 1u);
  }
}
