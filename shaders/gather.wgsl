// y[o, j, c] = x[o, indices[j], c]: x is outer by rows by inner, y outer by count by inner. An index outside of x gives zeros.
alias Bits4 = vec4<u32>;

// inner is whole quads.
override QUADS: bool = false;

struct Params {
  size: u32, // elements of y
  rows: u32,
  count: u32,
  inner: u32,
}

@group(0) @binding(0) var<storage, read> x: array<Bits4>;
@group(0) @binding(1) var<storage, read> indices: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<Bits4>;
@group(0) @binding(3) var<uniform> params: Params;

// #include "lib/grid.wgsl"
// #include "lib/bits.wgsl"

// Where element i of y lies in x, in elements; size where it lies nowhere.
fn place(i: u32) -> u32 {
  let line = i / params.inner;
  let o = line / params.count;
  let row = indices[line - o * params.count];
  return select(0xffffffffu, (o * params.rows + row) * params.inner + i - line * params.inner, row < params.rows);
}

fn element(i: u32) -> u32 {
  let at = place(min(i, params.size - 1u));
  return select(0u, bits4(x[at >> 2u])[at & 3u], at != 0xffffffffu);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let quad = linearIndex(group, groups, lane, 64u);
  let i = quad * 4u;
  if i >= params.size {
    return;
  }
  if QUADS {
    let at = place(i);
    y[quad] = stored4(select(vec4<u32>(), bits4(x[at >> 2u]), at != 0xffffffffu));
  } else {
    y[quad] = stored4(vec4<u32>(element(i), element(i + 1u), element(i + 2u), element(i + 3u)));
  }
}
