// C = A B in one of several arithmetics, to study what becomes of the sum: A is m x k, B is k x n, C is m x n in f32, rows of whole quads;
// an invocation sums a quad of C in the order of k. In halves products are rounded too.
// FLOAT32: products and sum in f32. FLOAT16: both in halves. CHUNKED: sums of `chunk` products in halves, themselves summed in f32.
// KAHAN: in halves, what rounding took off the sum is taken off the next product.
alias In4 = vec4<f32>;
alias Half4 = vec4<f32>;
alias Acc = f32;

override ARITHMETIC: u32 = 0;

const FLOAT32 = 0u;
const FLOAT16 = 1u;
const CHUNKED = 2u;
const KAHAN = 3u;

struct Params {
  m: u32,
  k: u32,
  n: u32,
  chunk: u32,
  // 0; see lib/half.wgsl.
  zero: u32,
}

@group(0) @binding(0) var<storage, read> a: array<In4>;
@group(0) @binding(1) var<storage, read> b: array<In4>;
@group(0) @binding(2) var<storage, read_write> c: array<vec4<f32>>;
@group(0) @binding(3) var<uniform> params: Params;

// #include "lib/grid.wgsl"
// #include "lib/half.wgsl"
// #include "lib/half_rounding.wgsl"
// #include "lib/in.wgsl"
// #include "lib/narrow.wgsl"

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let quad = linearIndex(group, groups, lane, 64u);
  let columns = (params.n + 3u) / 4u;
  if quad >= params.m * columns {
    return;
  }
  let row = quad / columns * ((params.k + 3u) / 4u);
  let column = quad % columns;
  var sum = vec4<f32>();
  var part = Half4();
  var lost = Half4();
  for (var k = 0u; k < params.k; k++) {
    let left = half4(a[row + k / 4u])[k % 4u];
    let right = half4(b[k * columns + column]);
    switch ARITHMETIC {
      case FLOAT16: { part = plus4(part, times4(Half4(left), right)); }
      case CHUNKED: {
        part = plus4(part, times4(Half4(left), right));
        if (k + 1u) % params.chunk == 0u {
          sum += wide4(part);
          part = Half4();
        }
      }
      case KAHAN: {
        let added = plus4(times4(Half4(left), right), -lost);
        let next = plus4(part, added);
        lost = plus4(plus4(next, -part), -added);
        part = next;
      }
      default: { sum += vec4<f32>(f32(left)) * wide4(right); }
    }
  }
  c[quad] = sum + wide4(part);
}
