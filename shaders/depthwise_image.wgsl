// dx[b, y, x, c] = sum of upstream[b, i, j, c] * weights[p, q, c] over all windows (i, j) whose element (p, q) lies at (y, x): the gradient of a
// depthwise convolution by its image, whatever its strides are. Channels are whole quads.
alias In4 = vec4<f32>;
alias Out4 = vec4<f32>;
alias Acc = f32;

const STRIP = 4u; // neighbours of one invocation

struct Params {
  size: u32,     // quads of dx
  channels: u32, // in quads
  height: u32,
  width: u32,
  filterDown: u32,
  filterAcross: u32,
  strideDown: u32,
  strideAcross: u32,
  dilationDown: u32,
  dilationAcross: u32,
  paddingTop: u32,
  paddingLeft: u32,
  positionsDown: u32,
  positionsAcross: u32,
}

@group(0) @binding(0) var<storage, read> upstream: array<In4>;
@group(0) @binding(1) var<storage, read> weights: array<In4>;
@group(0) @binding(2) var<storage, read_write> dx: array<Out4>;
@group(0) @binding(3) var<uniform> params: Params;

// #include "lib/grid.wgsl"
// #include "lib/in.wgsl"
// #include "lib/narrow.wgsl"
// #include "lib/out.wgsl"
// #include "lib/quotient.wgsl"
// #include "lib/strip.wgsl"
// #include "lib/windows.wgsl"

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let strip = stripAt(linearIndex(group, groups, lane, 64u), params.height, params.width);
  if strip.quad >= params.size {
    return;
  }
  let y = strip.y + params.paddingTop;
  let rows = windowsOver(y, params.strideDown, (params.filterDown - 1u) * params.dilationDown + 1u, params.positionsDown);
  for (var s = 0u; s < min(STRIP, params.width - strip.x); s++) {
    let x = strip.x + s + params.paddingLeft;
    let along = windowsOver(x, params.strideAcross, (params.filterAcross - 1u) * params.dilationAcross + 1u, params.positionsAcross);
    var sum = vec4<Acc>();
    for (var i = rows.x; i < rows.y; i++) {
      // Between the elements of a dilated filter there is nothing.
      let p = smallQuotient(y - i * params.strideDown, params.dilationDown);
      if i * params.strideDown + p * params.dilationDown != y {
        continue;
      }
      for (var j = along.x; j < along.y; j++) {
        let q = smallQuotient(x - j * params.strideAcross, params.dilationAcross);
        if j * params.strideAcross + q * params.dilationAcross != x {
          continue;
        }
        let position = (strip.image * params.positionsDown + i) * params.positionsAcross + j;
        let weight = in4(weights[(p * params.filterAcross + q) * params.channels + strip.channel]);
        sum += in4(upstream[position * params.channels + strip.channel]) * weight;
      }
    }
    dx[strip.quad + s * params.channels] = out4(sum);
  }
}
