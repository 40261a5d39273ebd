// y[i] = condition[i] ? a[i] : b[i], size elements; all three broadcast to the shape of y (at most six axes after merging).
alias Bits4 = vec4<u32>;

// How an operand is read: quad by quad as it lies, one element for all, a quad at a strided offset, or four elements
// at four strided offsets.
override READ_CONDITION: u32 = 0;
override READ_A: u32 = 0;
override READ_B: u32 = 0;

const LINEAR = 0u;
const SCALAR = 1u;
const QUADS = 2u;
const ELEMENTS = 3u;

// Axes that are left after merging.
override AXES: u32 = 6;

struct Params {
  size: u32,
  d1: u32,
  d2: u32,
  d3: u32,
  d4: u32,
  d5: u32,
  c0: u32,
  c1: u32,
  c2: u32,
  c3: u32,
  c4: u32,
  c5: u32,
  a0: u32,
  a1: u32,
  a2: u32,
  a3: u32,
  a4: u32,
  a5: u32,
  b0: u32,
  b1: u32,
  b2: u32,
  b3: u32,
  b4: u32,
  b5: u32,
}

@group(0) @binding(0) var<storage, read> condition: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read> a: array<Bits4>;
@group(0) @binding(2) var<storage, read> b: array<Bits4>;
@group(0) @binding(3) var<storage, read_write> y: array<Bits4>;
@group(0) @binding(4) var<uniform> params: Params;

// #include "lib/grid.wgsl"
// #include "lib/bits.wgsl"
// #include "lib/strided.wgsl"

fn offsetC(i: u32) -> u32 {
  return stridedOffset(min(i, params.size - 1u), vec3<u32>(params.c0, params.c1, params.c2), vec3<u32>(params.c3, params.c4, params.c5));
}

fn offsetA(i: u32) -> u32 {
  return stridedOffset(min(i, params.size - 1u), vec3<u32>(params.a0, params.a1, params.a2), vec3<u32>(params.a3, params.a4, params.a5));
}

fn offsetB(i: u32) -> u32 {
  return stridedOffset(min(i, params.size - 1u), vec3<u32>(params.b0, params.b1, params.b2), vec3<u32>(params.b3, params.b4, params.b5));
}

fn elementC(at: u32) -> u32 {
  return condition[at >> 2u][at & 3u];
}

fn elementA(at: u32) -> u32 {
  return bits4(a[at >> 2u])[at & 3u];
}

fn elementB(at: u32) -> u32 {
  return bits4(b[at >> 2u])[at & 3u];
}

fn quadC(quad: u32) -> vec4<u32> {
  let i = quad * 4u;
  switch READ_CONDITION {
    case SCALAR: { return condition[0].xxxx; }
    case QUADS: { return condition[offsetC(i) >> 2u]; }
    case ELEMENTS: {
      return vec4<u32>(elementC(offsetC(i)), elementC(offsetC(i + 1u)), elementC(offsetC(i + 2u)), elementC(offsetC(i + 3u)));
    }
    default: { return condition[quad]; }
  }
}

fn quadA(quad: u32) -> vec4<u32> {
  let i = quad * 4u;
  switch READ_A {
    case SCALAR: { return bits4(a[0]).xxxx; }
    case QUADS: { return bits4(a[offsetA(i) >> 2u]); }
    case ELEMENTS: {
      return vec4<u32>(elementA(offsetA(i)), elementA(offsetA(i + 1u)), elementA(offsetA(i + 2u)), elementA(offsetA(i + 3u)));
    }
    default: { return bits4(a[quad]); }
  }
}

fn quadB(quad: u32) -> vec4<u32> {
  let i = quad * 4u;
  switch READ_B {
    case SCALAR: { return bits4(b[0]).xxxx; }
    case QUADS: { return bits4(b[offsetB(i) >> 2u]); }
    case ELEMENTS: {
      return vec4<u32>(elementB(offsetB(i)), elementB(offsetB(i + 1u)), elementB(offsetB(i + 2u)), elementB(offsetB(i + 3u)));
    }
    default: { return bits4(b[quad]); }
  }
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let quad = linearIndex(group, groups, lane, 64u);
  if quad * 4u < params.size {
    y[quad] = stored4(select(quadB(quad), quadA(quad), quadC(quad) != vec4<u32>(0u)));
  }
}
