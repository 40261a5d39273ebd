// Sets state[2] (the overflow flag) when one of size elements of x is infinite or NaN, by their bits alone: WGSL lets a
// compiler assume that there are none. HALF: x holds halves, two a word. An invocation reads 16 words.
override HALF: bool = false;

const WORDS = 4u;

struct Params {
  size: u32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read_write> state: array<atomic<u32>>;
@group(0) @binding(2) var<uniform> params: Params;

// #include "lib/grid.wgsl"

// Words from the first of a quad on that hold elements; what follows them is padding.
fn inside(quad: u32) -> vec4<bool> {
  let words = select(params.size, params.size >> 1u, HALF);
  return vec4<u32>(quad * 4u) + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(words);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let first = linearIndex(group, groups, lane, 64u) * WORDS;
  var bad = false;
  for (var i = 0u; i < WORDS; i++) {
    let quad = first + i;
    let elements = quad * select(4u, 8u, HALF);
    if elements >= params.size {
      break;
    }
    let w = x[quad];
    if HALF {
      let low = (w & vec4<u32>(0x7c00u)) == vec4<u32>(0x7c00u);
      let high = (w & vec4<u32>(0x7c000000u)) == vec4<u32>(0x7c000000u);
      bad = bad || any((low | high) & inside(quad));
      // The last word of an odd size holds one element.
      let odd = params.size >> 1u;
      if (params.size & 1u) == 1u && (odd >> 2u) == quad {
        bad = bad || (w[odd & 3u] & 0x7c00u) == 0x7c00u;
      }
    } else {
      bad = bad || any(((w & vec4<u32>(0x7f800000u)) == vec4<u32>(0x7f800000u)) & inside(quad));
    }
  }
  if bad {
    atomicOr(&state[2], 1u);
  }
}
