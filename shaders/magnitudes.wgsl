// parts[group] = the sum of (x 2^32)^2 as a float, and the largest |x| by its bits, over the group's share of size elements: NaN
// counts as more than infinity. In float16's range, and far below it, no square vanishes. A step that measures nothing ends at once.
alias In4 = vec4<f32>;
alias Acc = f32;

const LANES = 256u;

struct Params {
  size: u32,
}

@group(0) @binding(0) var<storage, read> x: array<In4>;
@group(0) @binding(1) var<storage, read> state: AdaptiveState;
@group(0) @binding(2) var<storage, read_write> parts: array<vec2<u32>>;
@group(0) @binding(3) var<uniform> params: Params;

// #include "lib/adaptive_state.wgsl"
// #include "lib/fold_magnitudes.wgsl"
// #include "lib/in.wgsl"

var<workgroup> sums: array<f32, LANES>;
var<workgroup> largest: array<u32, LANES>;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  if state.refresh == 0u {
    return;
  }
  var sum = vec4<Acc>(0.0);
  var most = vec4<u32>(0u);
  for (var quad = group.x * LANES + lane; quad * 4u < params.size; quad += groups.x * LANES) {
    let inside = vec4<u32>(quad * 4u) + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(params.size);
    let v = in4(x[quad]);
    let raised = select(vec4<Acc>(0.0), v * 0x1p32, inside);
    sum += raised * raised;
    most = max(most, select(vec4<u32>(0u), bitcast<vec4<u32>>(v) & vec4<u32>(0x7fffffffu), inside));
  }
  sums[lane] = (sum.x + sum.y) + (sum.z + sum.w);
  largest[lane] = max(max(most.x, most.y), max(most.z, most.w));
  foldMagnitudes(lane);
  if lane == 0u {
    parts[group.x] = vec2<u32>(bitcast<u32>(sums[0]), largest[0]);
  }
}
