// y[i] from Threefry-2x32 (20 rounds) with key (seed, draw) and counter (quad, 0 or 1); src/values/random.ts is the same.
// UNIFORM: low + (high - low) u, u in [0, 1) of 24 bits. NORMAL: low + high n, n standard normal (Box and Muller).
// MASK: high where u >= low, else 0 (dropout: low is the rate, high is 1 / (1 - rate)).
alias Out4 = vec4<f32>;
alias Acc = f32;

override KIND: u32 = 0;
// The result is float16: 11 random bits, which it holds exactly, so that u stays below 1.
override HALF: bool = false;

const UNIFORM = 0u;
const NORMAL = 1u;
const MASK = 2u;

struct Params {
  size: u32,
  low: f32,
  high: f32,
}

// The generator's seed and the number of draws made so far.
@group(0) @binding(0) var<storage, read> generator: array<u32>;
@group(0) @binding(1) var<storage, read_write> y: array<Out4>;
@group(0) @binding(2) var<uniform> params: Params;

// #include "lib/grid.wgsl"
// #include "lib/narrow.wgsl"
// #include "lib/out.wgsl"
// #include "lib/threefry.wgsl"

fn normals(u: vec4<f32>) -> vec4<f32> {
  let radius = sqrt(-2.0 * log(vec2<f32>(1.0) - u.xz));
  let angle = 6.283185307179586 * u.yw;
  return vec4<f32>(radius.x * cos(angle.x), radius.x * sin(angle.x), radius.y * cos(angle.y), radius.y * sin(angle.y));
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let quad = linearIndex(group, groups, lane, 64u);
  if quad * 4u >= params.size {
    return;
  }
  let key = vec2<u32>(generator[0], generator[1]);
  let words = vec4<u32>(threefry(key, vec2<u32>(quad, 0u)), threefry(key, vec2<u32>(quad, 1u)));
  let u = vec4<f32>(words >> vec4<u32>(8u)) * 5.9604644775390625e-8;
  var v: vec4<f32>;
  switch KIND {
    case NORMAL: { v = params.low + params.high * normals(u); }
    case MASK: { v = select(vec4<f32>(0.0), vec4<f32>(params.high), u >= vec4<f32>(params.low)); }
    default: { v = params.low + (params.high - params.low) * select(u, floor(u * 2048.0) / 2048.0, HALF); }
  }
  y[quad] = out4(v);
}
