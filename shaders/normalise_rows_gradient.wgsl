// dx = inverse (a - mean of a - n mean of a n), a = g gamma, n = (x - mean) inverse, the means over a row: the gradient of
// normalise_rows by x. Without CENTRED the mean of a is left out. LANES neighbouring invocations share a row, HELD quads each at
// a time.
alias In4 = vec4<f32>;
alias Out4 = vec4<f32>;
alias Acc = f32;

const LANES = 8u;
const HELD = 4u;

override WHOLE: bool = false;
override CENTRED: bool = true;
override GAMMA: bool = true;

struct Params {
  rows: u32,
  columns: u32,
}

@group(0) @binding(0) var<storage, read> g: array<In4>;
@group(0) @binding(1) var<storage, read> x: array<In4>;
@group(0) @binding(2) var<storage, read> mean: array<f32>;
@group(0) @binding(3) var<storage, read> inverse: array<f32>;
@group(0) @binding(4) var<storage, read> gamma: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> dx: array<Out4>;
@group(0) @binding(6) var<uniform> params: Params;

// #include "lib/in.wgsl"
// #include "lib/narrow.wgsl"
// #include "lib/out.wgsl"
// #include "lib/lanes.wgsl"

// Sums of a and of a n.
alias Folded = vec2<f32>;

var<workgroup> folded: array<Folded, 64>;

fn merged(a: Folded, b: Folded) -> Folded {
  return a + b;
}

fn weighted(at: u32, quad: u32) -> vec4<f32> {
  if GAMMA {
    return in4(g[at]) * gamma[quad];
  }
  return in4(g[at]);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let row = rowOf(group, groups, lane);
  let own = lane % LANES;
  let quads = (params.columns + 3u) >> 2u;
  let first = min(row, params.rows - 1u) * quads;
  let centre = mean[min(row, params.rows - 1u)];
  let scale = inverse[min(row, params.rows - 1u)];
  var a: array<vec4<f32>, HELD>;
  var n: array<vec4<f32>, HELD>;
  var sum = vec4<f32>();
  var products = vec4<f32>();
  for (var block = own; block < quads + own; block += LANES * HELD) {
    for (var i = 0u; i < HELD; i++) {
      let quad = block + i * LANES;
      let at = min(quad, quads - 1u);
      a[i] = select(vec4<f32>(), weighted(first + at, at), inside(quad));
      n[i] = select(vec4<f32>(), (in4(x[first + at]) - centre) * scale, inside(quad));
      sum += a[i];
      products += a[i] * n[i];
    }
  }
  let means = foldLanes(lane, Folded(dot(sum, vec4<f32>(1.0)), dot(products, vec4<f32>(1.0)))) / f32(params.columns);
  if row >= params.rows {
    return;
  }
  let shift = select(0.0, means.x, CENTRED);
  for (var block = own; block < quads; block += LANES * HELD) {
    for (var i = 0u; i < HELD; i++) {
      let quad = block + i * LANES;
      if quad < quads {
        // One block is still there, of several the last one.
        if quads > LANES * HELD {
          a[i] = weighted(first + quad, quad);
          n[i] = (in4(x[first + quad]) - centre) * scale;
        }
        dx[first + quad] = out4((a[i] - shift - n[i] * means.y) * scale);
      }
    }
  }
}
