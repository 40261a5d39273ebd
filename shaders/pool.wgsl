// y[b, i, j, c] over the window at (i, j) of x: its largest value, where that lies, the mean of what it has of the image, or the value of
// x at a known place. Places count the elements of a window, row by row. Channels are whole quads.
alias In4 = vec4<f32>;
alias Out4 = vec4<f32>;
alias Acc = f32;

const STRIP = 4u; // neighbours of one invocation

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
// #include "lib/strip.wgsl"
// #include "lib/extremes.wgsl"

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let strip = stripAt(linearIndex(group, groups, lane, 64u), params.positionsDown, params.positionsAcross);
  if strip.quad >= params.size {
    return;
  }
  // Signed: a window may begin in the padding.
  let top = i32(strip.y * params.strideDown - params.paddingTop);
  for (var s = 0u; s < min(STRIP, params.positionsAcross - strip.x); s++) {
    let left = i32((strip.x + s) * params.strideAcross - params.paddingLeft);
    let first = vec2<u32>(max(vec2<i32>(top, left), vec2<i32>(0)));
    let filterEnd = vec2<i32>(top + i32(params.filterDown), left + i32(params.filterAcross));
    let end = vec2<u32>(min(filterEnd, vec2<i32>(i32(params.height), i32(params.width))));
    let index = strip.quad + s * params.channels;
    var wanted = vec4<u32>();
    if OP == PICK {
      wanted = places[index];
    }
    var acc = vec4<Acc>();
    var place = vec4<u32>();
    for (var row = first.x; row < end.x; row++) {
      for (var column = first.y; column < end.y; column++) {
        let v = in4(x[((strip.image * params.height + row) * params.width + column) * params.channels + strip.channel]);
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
}
