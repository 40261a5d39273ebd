// y[o, s] = sum of x[o, j] over all j of segment s, in the order of j: x is outer by count by inner, y outer by segments by inner,
// inner whole quads. `sorted` holds (segment, j), sorted, and starts[s] where s begins in it. With PIECES, 64 pairs of one
// segment that `segment_pieces` has added already are taken at once.
alias In4 = vec4<f32>;
alias Out4 = vec4<f32>;
alias Acc = f32;

override PIECES: bool = false;

const PIECE = 64u;
// Quads of a row that an invocation adds.
const SPAN = 4u;

struct Params {
  outer: u32,
  count: u32,
  segments: u32,
  quads: u32, // of inner
}

@group(0) @binding(0) var<storage, read> x: array<In4>;
@group(0) @binding(1) var<storage, read> sorted: array<vec2<u32>>;
@group(0) @binding(2) var<storage, read> starts: array<u32>;
@group(0) @binding(3) var<storage, read> pieces: array<vec4<Acc>>;
@group(0) @binding(4) var<storage, read_write> y: array<Out4>;
@group(0) @binding(5) var<uniform> params: Params;

// #include "lib/grid.wgsl"
// #include "lib/in.wgsl"
// #include "lib/narrow.wgsl"
// #include "lib/out.wgsl"

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let index = linearIndex(group, groups, lane, 64u);
  let parts = (params.quads + SPAN - 1u) / SPAN;
  let line = index / parts;
  // Neighbouring invocations add neighbouring quads.
  let quad = index - line * parts;
  let o = line / params.segments;
  if o >= params.outer {
    return;
  }
  let segment = line - o * params.segments;
  let end = starts[segment + 1u];
  var j = starts[segment];
  var acc: array<vec4<Acc>, SPAN>;
  while j < end {
    if PIECES && j % PIECE == 0u && j + PIECE <= end {
      let row = (o * (params.count / PIECE) + j / PIECE) * params.quads;
      for (var i = 0u; i < SPAN; i++) {
        acc[i] += pieces[row + min(quad + i * parts, params.quads - 1u)];
      }
      j += PIECE;
    } else {
      let row = (o * params.count + sorted[j].y) * params.quads;
      for (var i = 0u; i < SPAN; i++) {
        acc[i] += in4(x[row + min(quad + i * parts, params.quads - 1u)]);
      }
      j++;
    }
  }
  for (var i = 0u; i < SPAN; i++) {
    if quad + i * parts < params.quads {
      y[line * params.quads + quad + i * parts] = out4(acc[i]);
    }
  }
}
