// y[i] = x[base + offset(i)], size elements: transposition, slices, reversals and broadcasts. Offsets and strides are counted
// modulo 2^32, so that strides may be negative.
alias Bits4 = vec4<u32>;

// The last axis and every stride are whole quads, and the last stride is 1: a quad is read at once.
override QUADS: bool = false;

// Axes that are left after merging.
override AXES: u32 = 6;

struct Params {
  size: u32,
  base: u32,
  d1: u32,
  d2: u32,
  d3: u32,
  d4: u32,
  d5: u32,
  x0: u32,
  x1: u32,
  x2: u32,
  x3: u32,
  x4: u32,
  x5: u32,
}

@group(0) @binding(0) var<storage, read> x: array<Bits4>;
@group(0) @binding(1) var<storage, read_write> y: array<Bits4>;
@group(0) @binding(2) var<uniform> params: Params;

// #include "lib/grid.wgsl"
// #include "lib/bits.wgsl"
// #include "lib/strided.wgsl"

fn offset(i: u32) -> u32 {
  return params.base + stridedOffset(i, vec3<u32>(params.x0, params.x1, params.x2), vec3<u32>(params.x3, params.x4, params.x5));
}

fn element(i: u32) -> u32 {
  let at = offset(min(i, params.size - 1u));
  return bits4(x[at >> 2u])[at & 3u];
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let quad = linearIndex(group, groups, lane, 64u);
  let i = quad * 4u;
  if i >= params.size {
    return;
  }
  if QUADS {
    y[quad] = x[offset(i) >> 2u];
  } else {
    y[quad] = stored4(vec4<u32>(element(i), element(i + 1u), element(i + 2u), element(i + 3u)));
  }
}
