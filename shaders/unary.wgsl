// y[i] = OP(x[i]), size elements.
alias In4 = vec4<f32>;
alias Out4 = vec4<f32>;
alias Acc = f32;

override OP: u32 = 0;

const NEG = 0u;
const ABS = 1u;
const EXP = 2u;
const LOG = 3u;
const SQRT = 4u;
const SQUARE = 5u;
const RECIPROCAL = 6u;
const SIGN = 7u;
const RELU = 8u;
const SIGMOID = 9u;
const TANH = 10u;

struct Params {
  size: u32,
}

@group(0) @binding(0) var<storage, read> x: array<In4>;
@group(0) @binding(1) var<storage, read_write> y: array<Out4>;
@group(0) @binding(2) var<uniform> params: Params;

// #include "lib/grid.wgsl"
// #include "lib/in.wgsl"
// #include "lib/narrow.wgsl"
// #include "lib/out.wgsl"
// #include "lib/activation.wgsl"

fn apply(v: vec4<Acc>) -> vec4<Acc> {
  switch OP {
    case NEG: { return -v; }
    case ABS: { return abs(v); }
    case EXP: { return exp(v); }
    case LOG: { return log(v); }
    case SQRT: { return sqrt(v); }
    case SQUARE: { return v * v; }
    case RECIPROCAL: { return vec4<Acc>(1.0) / v; }
    case SIGN: { return sign(v); }
    case RELU: { return relu(v); }
    case SIGMOID: { return sigmoid(v); }
    case TANH: { return saturatingTanh(v); }
    default: { return v; }
  }
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let quad = linearIndex(group, groups, lane, 64u);
  if quad * 4u < params.size {
    y[quad] = out4(apply(in4(x[quad])));
  }
}
