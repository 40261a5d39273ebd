// y[row, c] = (x[row, c] - mean) * inverse * gamma[c] + beta[c], inverse = 1 / sqrt(variance + epsilon): each row by its own mean
// and biased variance, in f32. Without CENTRED the mean is taken for 0: root mean square. LANES neighbouring invocations share a
// row, HELD quads each at a time.
alias In4 = vec4<f32>;
alias Out4 = vec4<f32>;
alias Acc = f32;

const LANES = 8u;
const HELD = 4u;

override WHOLE: bool = false;
override CENTRED: bool = true;
override GAMMA: bool = true;
override BETA: bool = true;

struct Params {
  rows: u32,
  columns: u32,
  epsilon: f32,
}

@group(0) @binding(0) var<storage, read> x: array<In4>;
@group(0) @binding(1) var<storage, read> gamma: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> beta: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> y: array<Out4>;
@group(0) @binding(4) var<storage, read_write> mean: array<f32>;
@group(0) @binding(5) var<storage, read_write> inverse: array<f32>;
@group(0) @binding(6) var<uniform> params: Params;

// #include "lib/in.wgsl"
// #include "lib/narrow.wgsl"
// #include "lib/out.wgsl"
// #include "lib/lanes.wgsl"
// #include "lib/moments.wgsl"

// Mean, sum of squared distances, count.
alias Folded = vec3<f32>;

var<workgroup> folded: array<Folded, 64>;

fn merged(a: Folded, b: Folded) -> Folded {
  return mergedMoments(a, b);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let row = rowOf(group, groups, lane);
  let own = lane % LANES;
  let quads = (params.columns + 3u) >> 2u;
  let first = min(row, params.rows - 1u) * quads;
  var held: array<vec4<f32>, HELD>;
  var moments = Folded();
  for (var block = own; block < quads + own; block += LANES * HELD) {
    var sum = vec4<f32>();
    var counts = vec4<f32>();
    for (var i = 0u; i < HELD; i++) {
      let quad = block + i * LANES;
      let counted = inside(quad);
      held[i] = select(vec4<f32>(), in4(x[first + min(quad, quads - 1u)]), counted);
      sum += held[i];
      counts += select(vec4<f32>(), vec4<f32>(1.0), counted);
    }
    let count = dot(counts, vec4<f32>(1.0));
    let centre = select(0.0, dot(sum, vec4<f32>(1.0)) / max(count, 1.0), CENTRED);
    var squares = vec4<f32>();
    for (var i = 0u; i < HELD; i++) {
      let d = held[i] - centre;
      squares += select(vec4<f32>(), d * d, inside(block + i * LANES));
    }
    moments = merged(moments, Folded(centre, dot(squares, vec4<f32>(1.0)), count));
  }
  moments = foldLanes(lane, moments);
  let scale = inverseSqrt(moments.y / f32(params.columns) + params.epsilon);
  if row >= params.rows {
    return;
  }
  if own == 0u {
    mean[row] = moments.x;
    inverse[row] = scale;
  }
  for (var block = own; block < quads; block += LANES * HELD) {
    for (var i = 0u; i < HELD; i++) {
      let quad = block + i * LANES;
      if quad < quads {
        // One block is still there, of several the last one.
        if quads > LANES * HELD {
          held[i] = in4(x[first + quad]);
        }
        var v = (held[i] - moments.x) * scale;
        if GAMMA {
          v *= gamma[quad];
        }
        if BETA {
          v += beta[quad];
        }
        y[first + quad] = out4(v);
      }
    }
  }
}
