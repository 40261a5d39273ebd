// y[b, i, j, c] over the window at (i, j) of x: its largest value, where that lies, the mean of what it has of the image, or the value of
// x at a known place. Places count the elements of a window, row by row. Channels are whole quads.
alias In4 = vec4<f32>;
alias Out4 = vec4<f32>;
alias Acc = f32;

override OP: u32 = 0;
override FLOATS: bool = true;

const MAX = 0u;
const PLACES = 1u;
const MEAN = 2u;
const PICK = 3u;

struct Params {
  size: u32,     // quads of y
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

@group(0) @binding(0) var<storage, read> x: array<In4>;
@group(0) @binding(1) var<storage, read> places: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read_write> y: array<Out4>;
@group(0) @binding(3) var<uniform> params: Params;

// #include "lib/grid.wgsl"
// #include "lib/in.wgsl"
// #include "lib/narrow.wgsl"
// #include "lib/out.wgsl"
// #include "lib/quotient.wgsl"
// #include "lib/extremes.wgsl"

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let index = linearIndex(group, groups, lane, 64u);
  if index >= params.size {
    return;
  }
  let position = quotient(index, params.channels);
  let channel = index - position * params.channels;
  let line = quotient(position, params.positionsAcross);
  let image = quotient(line, params.positionsDown);
  // Signed: a window may begin in the padding.
  let top = i32((line - image * params.positionsDown) * params.strideDown - params.paddingTop);
  let left = i32((position - line * params.positionsAcross) * params.strideAcross - params.paddingLeft);
  let first = vec2<u32>(max(vec2<i32>(top, left), vec2<i32>(0)));
  let end = vec2<u32>(min(vec2<i32>(top, left) + vec2<i32>(vec2<u32>(params.filterDown, params.filterAcross)), vec2<i32>(vec2<u32>(params.height, params.width))));
  let wanted = places[select(0u, index, OP == PICK)];
  var acc: vec4<Acc>;
  var place: vec4<u32>;
  for (var row = first.x; row < end.x; row++) {
    for (var column = first.y; column < end.y; column++) {
      let v = in4(x[((image * params.height + row) * params.width + column) * params.channels + channel]);
      let own = vec4<u32>((row - u32(top)) * params.filterAcross + column - u32(left));
      let starts = row == first.x && column == first.y;
      switch OP {
        case MEAN: { acc += v; }
        case PICK: { acc = select(acc, v, own == wanted); }
        default: {
          // The first of equals; a NaN stays where it was met.
          let beats = (v > acc) | (eitherNan(v, v) & !eitherNan(acc, acc)) | vec4<bool>(starts);
          acc = select(acc, v, beats);
          place = select(place, own, beats);
        }
      }
    }
  }
  switch OP {
    case MEAN: { acc /= Acc((end.x - first.x) * (end.y - first.y)); }
    case PLACES: { acc = vec4<Acc>(place); }
    default: {}
  }
  y[index] = out4(acc);
}
