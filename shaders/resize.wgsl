// y[b, i, j, c] = x where (i, j) lies on it: of the element there, or between its four neighbours. Channels are whole quads.
alias In4 = vec4<f32>;
alias Out4 = vec4<f32>;
alias Acc = f32;

const STRIP = 4u; // neighbours of one invocation

override NEAREST: bool = false;

struct Params {
  size: u32,     // quads of y
  channels: u32, // in quads
  height: i32,   // of x
  width: i32,
  rows: u32,     // of y
  columns: u32,
  scaleDown: i32,
  shiftDown: i32,
  unitDown: i32,
  scaleAcross: i32,
  shiftAcross: i32,
  unitAcross: i32,
}

@group(0) @binding(0) var<storage, read> x: array<In4>;
@group(0) @binding(1) var<storage, read_write> y: array<Out4>;
@group(0) @binding(2) var<uniform> params: Params;

// #include "lib/grid.wgsl"
// #include "lib/in.wgsl"
// #include "lib/narrow.wgsl"
// #include "lib/out.wgsl"
// #include "lib/quotient.wgsl"
// #include "lib/strip.wgsl"
// #include "lib/sampling.wgsl"

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let strip = stripAt(linearIndex(group, groups, lane, 64u), params.rows, params.columns);
  if strip.quad >= params.size {
    return;
  }
  let vertical = neighboursOf(strip.y, down());
  let upper = (strip.image * u32(params.height) + vertical.low) * u32(params.width);
  let lower = (strip.image * u32(params.height) + vertical.high) * u32(params.width);
  for (var s = 0u; s < min(STRIP, params.columns - strip.x); s++) {
    let horizontal = neighboursOf(strip.x + s, across());
    var v = in4(x[(upper + horizontal.low) * params.channels + strip.channel]);
    if !NEAREST {
      let right = in4(x[(upper + horizontal.high) * params.channels + strip.channel]);
      let below = in4(x[(lower + horizontal.low) * params.channels + strip.channel]);
      let corner = in4(x[(lower + horizontal.high) * params.channels + strip.channel]);
      let top = v * (1 - horizontal.part) + right * horizontal.part;
      let bottom = below * (1 - horizontal.part) + corner * horizontal.part;
      v = top * (1 - vertical.part) + bottom * vertical.part;
    }
    y[strip.quad + s * params.channels] = out4(v);
  }
}
