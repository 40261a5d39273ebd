// Rows of `from` elements become rows of `to` elements: cut off, or filled up with zeros. What GEMM needs, whose rows are
// whole quads, without the divisions of a copy along six axes.
alias In4 = vec4<f32>;
alias Out4 = vec4<f32>;
alias Acc = f32;

struct Params {
  size: u32, // elements of y
  fromColumns: u32,
  toColumns: u32,
}

@group(0) @binding(0) var<storage, read> x: array<In4>;
@group(0) @binding(1) var<storage, read_write> y: array<Out4>;
@group(0) @binding(2) var<uniform> params: Params;

// #include "lib/grid.wgsl"
// #include "lib/in.wgsl"
// #include "lib/narrow.wgsl"
// #include "lib/out.wgsl"

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let quad = linearIndex(group, groups, lane, 64u);
  if quad * 4u >= params.size {
    return;
  }
  var row = quad * 4u / params.toColumns;
  var column = quad * 4u - row * params.toColumns;
  var v = vec4<Acc>();
  for (var i = 0u; i < 4u; i++) {
    let at = row * params.fromColumns + column;
    if column < params.fromColumns && quad * 4u + i < params.size {
      v[i] = in4(x[at >> 2u])[at & 3u];
    }
    column++;
    if column == params.toColumns {
      column = 0u;
      row++;
    }
  }
  y[quad] = out4(v);
}
