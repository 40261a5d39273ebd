// sums[i] = the sum of COUNT x 4 accumulators that begin at i mod 8 + 0 to COUNT - 1 and take `acc = acc * factor + term` rounds times:
// arithmetic without memory, the rate that no product of matrices on this path can pass. COUNT independent accumulators
// hide the latency of the unit; UNROLL rounds hide the cost of the loop.
alias Acc = f32;

const COUNT = 16u;
const UNROLL = 4u;

struct Params {
  rounds: u32,
  // Always 1; the compiler does not know it.
  factor: f32,
  term: f32,
}

@group(0) @binding(0) var<storage, read_write> sums: array<f32>;
@group(0) @binding(1) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let factor = vec4<Acc>(Acc(params.factor));
  let term = vec4<Acc>(Acc(params.term));
  var acc: array<vec4<Acc>, COUNT>;
  for (var i = 0u; i < COUNT; i++) {
    acc[i] = vec4<Acc>(Acc(id.x % 8u + i));
  }
  for (var round = 0u; round < params.rounds; round += UNROLL) {
    for (var again = 0u; again < UNROLL; again++) {
      for (var i = 0u; i < COUNT; i++) {
        acc[i] = fma(acc[i], factor, term);
      }
    }
  }
  var sum = 0.0;
  for (var i = 0u; i < COUNT; i++) {
    sum += dot(vec4<f32>(acc[i]), vec4<f32>(1.0));
  }
  sums[id.x] = sum;
}
