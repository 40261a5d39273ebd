// y[row, offset + c] = x[row, c]: a matrix put into the columns of a wider one, whose other elements stay as they are.
alias Bits4 = vec4<u32>;

// Columns of x and of y, and offset, are whole quads.
override QUADS: bool = false;

struct Params {
  first: u32, // the quad of y to begin with, and how many there are; with QUADS quads of x
  count: u32,
  size: u32, // elements of y
  xColumns: u32,
  yColumns: u32,
  offset: u32,
}

@group(0) @binding(0) var<storage, read> x: array<Bits4>;
@group(0) @binding(1) var<storage, read_write> y: array<Bits4>;
@group(0) @binding(2) var<uniform> params: Params;

// #include "lib/grid.wgsl"
// #include "lib/bits.wgsl"

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let index = linearIndex(group, groups, lane, 64u);
  if index >= params.count {
    return;
  }
  if QUADS {
    let across = params.xColumns >> 2u;
    let row = index / across;
    y[((row * params.yColumns + params.offset) >> 2u) + index - row * across] = x[index];
    return;
  }
  let quad = params.first + index;
  var row = quad * 4u / params.yColumns;
  var column = quad * 4u - row * params.yColumns;
  var v = bits4(y[quad]);
  for (var i = 0u; i < 4u; i++) {
    // Left of x this wraps round to a number that no width reaches.
    let own = column - params.offset;
    if own < params.xColumns && quad * 4u + i < params.size {
      let at = row * params.xColumns + own;
      v[i] = bits4(x[at >> 2u])[at & 3u];
    }
    column++;
    if column == params.yColumns {
      column = 0u;
      row++;
    }
  }
  y[quad] = stored4(v);
}
