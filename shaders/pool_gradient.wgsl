// dx[b, y, x, c] = the sum over the windows that (y, x) lies in: of upstream[b, i, j, c] where the window's place is here, or of an equal part of it
// for each element that the window has of the image. Places count the elements of a window, row by row. Channels are whole quads.
alias In4 = vec4<f32>;
alias Out4 = vec4<f32>;
alias Acc = f32;

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

// Elements that window i has of an axis: what is cut off before and behind is padding.
fn extent(i: u32, stride: u32, padding: u32, length: u32, size: u32) -> u32 {
  let first = max(i * stride, padding);
  return min(i * stride + length, padding + size) - first;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let index = linearIndex(group, groups, lane, 64u);
  if index >= params.size {
    return;
  }
  let pixel = quotient(index, params.channels);
  let channel = index - pixel * params.channels;
  let line = quotient(pixel, params.width);
  let image = quotient(line, params.height);
  let y = line - image * params.height + params.paddingTop;
  let x = pixel - line * params.width + params.paddingLeft;
  // Window i has rows i * stride to i * stride + filter - 1, padding counted.
  let i1 = min(smallQuotient(y, params.strideDown), params.positionsDown - 1u);
  let j1 = min(smallQuotient(x, params.strideAcross), params.positionsAcross - 1u);
  let i0 = smallQuotient(max(y + params.strideDown, params.filterDown) - params.filterDown, params.strideDown);
  let j0 = smallQuotient(max(x + params.strideAcross, params.filterAcross) - params.filterAcross, params.strideAcross);
  var sum = vec4<Acc>();
  for (var i = i0; i <= i1; i++) {
    for (var j = j0; j <= j1; j++) {
      let at = ((image * params.positionsDown + i) * params.positionsAcross + j) * params.channels + channel;
      let g = in4(upstream[at]);
      if TO_PLACES {
        let own = (y - i * params.strideDown) * params.filterAcross + x - j * params.strideAcross;
        sum += select(vec4<Acc>(), g, places[at] == vec4<u32>(own));
      } else {
        let rows = extent(i, params.strideDown, params.paddingTop, params.filterDown, params.height);
        let columns = extent(j, params.strideAcross, params.paddingLeft, params.filterAcross, params.width);
        sum += g / Acc(rows * columns);
      }
    }
  }
  dx[index] = out4(sum);
}
