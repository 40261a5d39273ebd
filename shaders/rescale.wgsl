// Gradients times powers of two, of size elements. UP: y = a 2^p. DOWN: y = a 2^-p. MEET: a is 2^p times, and b 2^q times what it stands for,
// and y is 2^min(p, q) times their sum, so that nothing overflows. All exact, but for what a float32, or y, cannot hold.
// OVERFLOW: overflow[0] becomes 1 where an infinity or a NaN is stored.
alias In4 = vec4<f32>;
alias Out4 = vec4<f32>;
alias Acc = f32;

const UP = 0u;
const DOWN = 1u;
const MEET = 2u;

override MODE: u32 = 0;
override OVERFLOW: bool = false;
// Magnitudes from this one on, by their bits, are infinity as y.
override OVERFLOW_FROM: u32 = 0x7f800000;

struct Params {
  size: u32,
}

@group(0) @binding(0) var<storage, read> a: array<In4>;
@group(0) @binding(1) var<storage, read> p: array<i32>;
@group(0) @binding(2) var<storage, read> b: array<In4>;
@group(0) @binding(3) var<storage, read> q: array<i32>;
@group(0) @binding(4) var<storage, read_write> y: array<Out4>;
@group(0) @binding(5) var<storage, read_write> overflow: array<atomic<u32>>;
@group(0) @binding(6) var<uniform> params: Params;

// #include "lib/grid.wgsl"
// #include "lib/in.wgsl"
// #include "lib/narrow.wgsl"
// #include "lib/out.wgsl"

fn power(exponent: i32) -> f32 {
  return bitcast<f32>(u32(exponent + 127) << 23u);
}

// v 2^exponent; in two factors, since 2^exponent alone may leave float32 where the product does not.
fn times(v: vec4<Acc>, exponent: i32) -> vec4<Acc> {
  let within = clamp(exponent, -252, 252);
  let first = within / 2;
  return v * power(first) * power(within - first);
}

fn rescaled(quad: u32) -> vec4<Acc> {
  let v = in4(a[quad]);
  switch MODE {
    case DOWN: { return times(v, -p[0]); }
    case MEET: {
      let lower = min(p[0], q[0]);
      return times(v, lower - p[0]) + times(in4(b[quad]), lower - q[0]);
    }
    default: { return times(v, p[0]); }
  }
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let quad = linearIndex(group, groups, lane, 64u);
  if quad * 4u >= params.size {
    return;
  }
  let v = rescaled(quad);
  y[quad] = out4(v);
  if OVERFLOW {
    let inside = vec4<u32>(quad * 4u) + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(params.size);
    if any(inside & ((bitcast<vec4<u32>>(v) & vec4<u32>(0x7fffffffu)) >= vec4<u32>(OVERFLOW_FROM))) {
      atomicOr(&overflow[0], 1u);
    }
  }
}
