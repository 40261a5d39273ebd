// parts[part, p, q, c] = sum of x[b, i * strides + p * dilations - padding, .., c] * upstream[b, i, j, c] over the lines (b, i) of one part: the
// gradient of a depthwise convolution by its filter, once the parts are added. An invocation owns a quad of channels in one
// row p of the filter and walks along j, WIDE windows at a time.
alias In4 = vec4<f32>;
alias Out4 = vec4<f32>;
alias Acc = f32;

const WIDE = 8u;
const ACROSS = 3u; // of the filter
const STRIDE = 1u;
const DILATION = 1u;
const SPAN = (WIDE - 1u) * STRIDE + (ACROSS - 1u) * DILATION + 1u;

struct Params {
  lines: u32,    // of windows, in all images
  parts: u32,
  channels: u32, // in quads
  height: u32,
  width: u32,
  filterDown: u32,
  strideDown: u32,
  dilationDown: u32,
  paddingTop: u32,
  paddingLeft: u32,
  positionsDown: u32,
  positionsAcross: u32,
}

@group(0) @binding(0) var<storage, read> x: array<In4>;
@group(0) @binding(1) var<storage, read> upstream: array<In4>;
@group(0) @binding(2) var<storage, read_write> parts: array<Out4>;
@group(0) @binding(3) var<uniform> params: Params;

// #include "lib/grid.wgsl"
// #include "lib/in.wgsl"
// #include "lib/narrow.wgsl"
// #include "lib/out.wgsl"
// #include "lib/quotient.wgsl"

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let index = linearIndex(group, groups, lane, 64u);
  let row = quotient(index, params.channels);
  let quad = index - row * params.channels;
  let part = quotient(row, params.filterDown);
  let p = row - part * params.filterDown;
  if part >= params.parts {
    return;
  }
  var acc: array<vec4<Acc>, ACROSS>;
  let chunk = (params.lines + params.parts - 1u) / params.parts;
  for (var line = part * chunk; line < min((part + 1u) * chunk, params.lines); line++) {
    let image = quotient(line, params.positionsDown);
    let y = (line - image * params.positionsDown) * params.strideDown + p * params.dilationDown - params.paddingTop;
    if y >= params.height {
      continue;
    }
    for (var j = 0u; j < params.positionsAcross; j += WIDE) {
      let left = j * STRIDE - params.paddingLeft;
      var own: array<vec4<Acc>, SPAN>;
      for (var s = 0u; s < SPAN; s++) {
        let column = left + s;
        let inside = column < params.width;
        let at = ((image * params.height + y) * params.width + select(0u, column, inside)) * params.channels + quad;
        own[s] = select(vec4<Acc>(), in4(x[at]), inside);
      }
      for (var s = 0u; s < WIDE; s++) {
        let inside = j + s < params.positionsAcross;
        let at = (line * params.positionsAcross + select(0u, j + s, inside)) * params.channels + quad;
        let g = select(vec4<Acc>(), in4(upstream[at]), inside);
        for (var q = 0u; q < ACROSS; q++) {
          // Beyond the last window there is no product, also where x is infinite.
          acc[q] += select(vec4<Acc>(), own[s * STRIDE + q * DILATION] * g, inside);
        }
      }
    }
  }
  for (var q = 0u; q < ACROSS; q++) {
    parts[(row * ACROSS + q) * params.channels + quad] = out4(acc[q]);
  }
}
