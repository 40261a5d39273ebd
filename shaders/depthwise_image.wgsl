// dx[b, y, x, c] = sum of upstream[b, i, j, c] * weights[p, q, c] over all windows (i, j) whose element (p, q) lies at (y, x): the gradient of a
// depthwise convolution by its image, whatever its strides are. Channels are whole quads.
alias In4 = vec4<f32>;
alias Out4 = vec4<f32>;
alias Acc = f32;

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
// #include "lib/hits.wgsl"

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
  var sum = vec4<Acc>();
  for (var p = 0u; p < params.filterDown; p++) {
    let i = hitAt(y - p * params.dilationDown, params.strideDown, params.positionsDown);
    if i == MISSED {
      continue;
    }
    for (var q = 0u; q < params.filterAcross; q++) {
      let j = hitAt(x - q * params.dilationAcross, params.strideAcross, params.positionsAcross);
      if j == MISSED {
        continue;
      }
      let position = (image * params.positionsDown + i) * params.positionsAcross + j;
      let weight = in4(weights[(p * params.filterAcross + q) * params.channels + channel]);
      sum += in4(upstream[position * params.channels + channel]) * weight;
    }
  }
  dx[index] = out4(sum);
}
