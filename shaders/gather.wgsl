// y[o, j, c] = x[o, indices[j], c]: x is outer by rows by inner, y outer by count by inner. An index outside of x gives zeros.
alias Bits4 = vec4<u32>;

// inner is whole quads, and an invocation copies SPAN of a row.
override QUADS: bool = false;

const SPAN = 4u;

struct Params {
  size: u32, // elements of y
  lines: u32, // rows of y
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

const NOWHERE: u32 = 0xffffffff;

// Which row of x, of all outer rows, line `line` of y is.
fn rowOf(line: u32) -> u32 {
  let o = line / params.count;
  let row = indices[line - o * params.count];
  return select(NOWHERE, o * params.rows + row, row < params.rows);
}

fn element(i: u32) -> u32 {
  let own = min(i, params.size - 1u);
  let line = own / params.inner;
  let row = rowOf(line);
  let at = row * params.inner + own - line * params.inner;
  return select(0u, bits4(x[at >> 2u])[at & 3u], row != NOWHERE);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let index = linearIndex(group, groups, lane, 64u);
  if QUADS {
    let across = params.inner >> 2u;
    let parts = (across + SPAN - 1u) / SPAN;
    let line = index / parts;
    if line >= params.lines {
      return;
    }
    let row = rowOf(line);
    for (var i = 0u; i < SPAN; i++) {
      // Neighbouring invocations copy neighbouring quads.
      let quad = index - line * parts + i * parts;
      if quad < across {
        if row == NOWHERE {
          y[line * across + quad] = Bits4();
        } else {
          y[line * across + quad] = x[row * across + quad];
        }
      }
    }
  } else if index * 4u < params.size {
    let i = index * 4u;
    y[index] = stored4(vec4<u32>(element(i), element(i + 1u), element(i + 2u), element(i + 3u)));
  }
}
