// dx[b, y, x, c] = the sum of upstream[b, i, j, c] times what (y, x) counted for the result at (i, j). Channels are whole quads.
alias In4 = vec4<f32>;
alias Out4 = vec4<f32>;
alias Acc = f32;

const STRIP = 4u; // neighbours of one invocation

override NEAREST: bool = false;

struct Params {
  size: u32,     // quads of dx
  channels: u32, // in quads
  height: i32,   // of dx
  width: i32,
  rows: u32,     // of the upstream gradient
  columns: u32,
  scaleDown: i32,
  shiftDown: i32,
  unitDown: i32,
  scaleAcross: i32,
  shiftAcross: i32,
  unitAcross: i32,
}

@group(0) @binding(0) var<storage, read> upstream: array<In4>;
@group(0) @binding(1) var<storage, read_write> dx: array<Out4>;
@group(0) @binding(2) var<uniform> params: Params;

// #include "lib/grid.wgsl"
// #include "lib/in.wgsl"
// #include "lib/narrow.wgsl"
// #include "lib/out.wgsl"
// #include "lib/quotient.wgsl"
// #include "lib/strip.wgsl"
// #include "lib/sampling.wgsl"

// The results that element i may count for, [x, y): those between its neighbours, at the edges all that lie beyond.
fn reachOf(i: u32, axis: vec4<i32>, count: u32) -> vec2<u32> {
  let first = select(firstAt(i32(i) - 1, axis), 0u, i == 0u);
  let end = select(firstAt(i32(i) + 1, axis), count, i == u32(axis.w) - 1u);
  return min(vec2<u32>(first, end), vec2<u32>(count));
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let strip = stripAt(linearIndex(group, groups, lane, 64u), u32(params.height), u32(params.width));
  if strip.quad >= params.size {
    return;
  }
  let rows = reachOf(strip.y, down(), params.rows);
  for (var s = 0u; s < min(STRIP, u32(params.width) - strip.x); s++) {
    let x = strip.x + s;
    let columns = reachOf(x, across(), params.columns);
    var sum = vec4<Acc>();
    for (var i = rows.x; i < rows.y; i++) {
      let vertical = weightOf(strip.y, i, down());
      for (var j = columns.x; j < columns.y; j++) {
        let weight = vertical * weightOf(x, j, across());
        if weight > 0 {
          sum += in4(upstream[((strip.image * params.rows + i) * params.columns + j) * params.channels + strip.channel]) * weight;
        }
      }
    }
    dx[strip.quad + s * params.channels] = out4(sum);
  }
}
