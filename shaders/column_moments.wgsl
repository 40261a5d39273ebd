// means[o, part, c] and spreads[o, part, c]: mean of x[o, r, c] over the rows r of a part, and sum of squared distances from it.
// x is outer x reduced x columns. An invocation owns a quad of columns in one part and walks down it, HELD rows at a time,
// whose moments it merges with those before (Chan, Golub and LeVeque 1979).
alias In4 = vec4<f32>;
alias Acc = f32;

const HELD = 8u;

struct Params {
  outer: u32,
  reduced: u32,
  quads: u32, // of columns
  parts: u32,
  chunk: u32, // rows of a part
}

@group(0) @binding(0) var<storage, read> x: array<In4>;
@group(0) @binding(1) var<storage, read_write> means: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> spreads: array<vec4<f32>>;
@group(0) @binding(3) var<uniform> params: Params;

// #include "lib/grid.wgsl"
// #include "lib/in.wgsl"
// #include "lib/quotient.wgsl"

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let index = linearIndex(group, groups, lane, 64u);
  let place = quotient(index, params.quads);
  let matrix = quotient(place, params.parts);
  if matrix >= params.outer {
    return;
  }
  let start = (place - matrix * params.parts) * params.chunk;
  let rows = min(params.chunk, params.reduced - start);
  let first = (matrix * params.reduced + start) * params.quads + index - place * params.quads;
  var mean = vec4<f32>();
  var spread = vec4<f32>();
  for (var r = 0u; r < rows; r += HELD) {
    var held: array<vec4<f32>, HELD>;
    var sum = vec4<f32>();
    for (var i = 0u; i < HELD; i++) {
      held[i] = select(vec4<f32>(), in4(x[first + min(r + i, rows - 1u) * params.quads]), r + i < rows);
      sum += held[i];
    }
    let count = f32(min(HELD, rows - r));
    let centre = sum / count;
    var squares = vec4<f32>();
    for (var i = 0u; i < HELD; i++) {
      let d = held[i] - centre;
      squares += select(vec4<f32>(), d * d, r + i < rows);
    }
    let share = count / (f32(r) + count);
    let d = centre - mean;
    mean += d * share;
    spread += squares + d * d * (f32(r) * share);
  }
  means[index] = mean;
  spreads[index] = spread;
}
