// dx[b, y, x, c] = the sum over the windows that (y, x) lies in: of upstream[b, i, j, c] where the window's place is here, or of an equal part of it
// for each element that the window has of the image. Places count the elements of a window, row by row. Channels are whole quads.
alias In4 = vec4<f32>;
alias Out4 = vec4<f32>;
alias Acc = f32;

const STRIP = 4u; // neighbours of one invocation

// To the places of largest values; else in equal parts.
override TO_PLACES: bool = false;

struct Params {
  size: u32,     // quads of dx
  channels: u32, // in quads
  height: u32,
  width: u32,
  filterDown: u32,
  filterAcross: u32,
  strideDown: u32,
  strideAcross: u32,
  paddingTop: u32,
  paddingLeft: u32,
  positionsDown: u32,
  positionsAcross: u32,
}

@group(0) @binding(0) var<storage, read> upstream: array<In4>;
@group(0) @binding(1) var<storage, read> places: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read_write> dx: array<Out4>;
@group(0) @binding(3) var<uniform> params: Params;

// #include "lib/grid.wgsl"
// #include "lib/in.wgsl"
// #include "lib/narrow.wgsl"
// #include "lib/out.wgsl"
// #include "lib/quotient.wgsl"
// #include "lib/strip.wgsl"
// #include "lib/windows.wgsl"

// Elements that window i has of an axis: what is cut off before and behind is padding.
fn extent(i: u32, stride: u32, padding: u32, length: u32, size: u32) -> u32 {
  let first = max(i * stride, padding);
  return min(i * stride + length, padding + size) - first;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let strip = stripAt(linearIndex(group, groups, lane, 64u), params.height, params.width);
  if strip.quad >= params.size {
    return;
  }
  let y = strip.y + params.paddingTop;
  let rows = windowsOver(y, params.strideDown, params.filterDown, params.positionsDown);
  for (var s = 0u; s < min(STRIP, params.width - strip.x); s++) {
    let x = strip.x + s + params.paddingLeft;
    let along = windowsOver(x, params.strideAcross, params.filterAcross, params.positionsAcross);
    var sum = vec4<Acc>();
    for (var i = rows.x; i < rows.y; i++) {
      for (var j = along.x; j < along.y; j++) {
        let at = ((strip.image * params.positionsDown + i) * params.positionsAcross + j) * params.channels + strip.channel;
        let g = in4(upstream[at]);
        if TO_PLACES {
          let own = (y - i * params.strideDown) * params.filterAcross + x - j * params.strideAcross;
          sum += select(vec4<Acc>(), g, places[at] == vec4<u32>(own));
        } else {
          let down = extent(i, params.strideDown, params.paddingTop, params.filterDown, params.height);
          let across = extent(j, params.strideAcross, params.paddingLeft, params.filterAcross, params.width);
          sum += g / Acc(down * across);
        }
      }
    }
    dx[strip.quad + s * params.channels] = out4(sum);
  }
}
