// pieces[o, p] = sum over 64 neighbours j of the sorted pairs, 64 p to 64 p + 63, of x[o, place of j], where all of them are of one
// segment: what `segment_sum` takes at once of long segments. x is outer by count by inner, inner whole quads.
alias In4 = vec4<f32>;
alias Acc = f32;

const PIECE = 64u;
// Quads of a row that an invocation adds.
const SPAN = 4u;

struct Params {
  outer: u32,
  count: u32,
  quads: u32, // of inner
}

@group(0) @binding(0) var<storage, read> x: array<In4>;
@group(0) @binding(1) var<storage, read> sorted: array<vec2<u32>>;
@group(0) @binding(2) var<storage, read_write> pieces: array<vec4<Acc>>;
@group(0) @binding(3) var<uniform> params: Params;

// #include "lib/grid.wgsl"
// #include "lib/in.wgsl"

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let index = linearIndex(group, groups, lane, 64u);
  let parts = (params.quads + SPAN - 1u) / SPAN;
  let line = index / parts;
  let quad = index - line * parts;
  let each = params.count / PIECE;
  let o = line / each;
  if o >= params.outer {
    return;
  }
  let first = (line - o * each) * PIECE;
  if sorted[first].x != sorted[first + PIECE - 1u].x {
    return;
  }
  var acc: array<vec4<Acc>, SPAN>;
  for (var j = first; j < first + PIECE; j++) {
    let row = (o * params.count + sorted[j].y) * params.quads;
    for (var i = 0u; i < SPAN; i++) {
      acc[i] += in4(x[row + min(quad + i * parts, params.quads - 1u)]);
    }
  }
  for (var i = 0u; i < SPAN; i++) {
    if quad + i * parts < params.quads {
      pieces[line * params.quads + quad + i * parts] = acc[i];
    }
  }
}
