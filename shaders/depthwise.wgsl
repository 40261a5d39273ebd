// y[b, i, j, c] = act(sum over p, q of x[b, i * strides + p * dilations - padding, .., c] * weights[p, q, c] + bias[c]): each channel by
// itself. An invocation owns a quad of channels at WIDE neighbours along j, which share what they read of x.
alias In4 = vec4<f32>;
alias Out4 = vec4<f32>;
alias Acc = f32;

const WIDE = 8u;
const ACROSS = 3u; // of the filter
const STRIDE = 1u;
const DILATION = 1u;
const SPAN = (WIDE - 1u) * STRIDE + (ACROSS - 1u) * DILATION + 1u;

// The filter is turned round: the gradient by the image, where strides are 1.
override TURNED: bool = false;
override BIAS: bool = false;
// Folded in from a kernel of its own: (v - centre) scale + shift by column, three vectors of f32 for a quad of columns.
override NORMALISE: bool = false;
override RESIDUAL: bool = false;
// `residual` is the output of a ReLU: results where it is not positive become 0, after the activation.
override GATE: bool = false;
override ACTIVATION: u32 = 0;
// Bits of the least magnitude that sets the flag.
override OVERFLOW: bool = false;
override OVERFLOW_FROM: u32 = 0x7f800000;

struct Params {
  m: u32, // positions
  n: u32, // channels, whole quads
  height: u32,
  width: u32,
  filterDown: u32,
  strideDown: u32,
  dilationDown: u32,
  paddingTop: u32,
  paddingLeft: u32,
  positionsDown: u32,
  positionsAcross: u32,
}

@group(0) @binding(0) var<storage, read> x: array<In4>;
@group(0) @binding(1) var<storage, read> weights: array<In4>;
@group(0) @binding(2) var<storage, read> bias: array<In4>;
@group(0) @binding(3) var<storage, read> factors: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> residual: array<In4>;
@group(0) @binding(5) var<storage, read_write> overflow: array<atomic<u32>>;
@group(0) @binding(6) var<storage, read_write> c: array<Out4>;
@group(0) @binding(7) var<uniform> params: Params;

// #include "lib/grid.wgsl"
// #include "lib/in.wgsl"
// #include "lib/narrow.wgsl"
// #include "lib/out.wgsl"
// #include "lib/activation.wgsl"
// #include "lib/quads.wgsl"
// #include "lib/quotient.wgsl"
// #include "lib/epilogue.wgsl"

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let channels = params.n >> 2u;
  let strips = (params.positionsAcross + WIDE - 1u) / WIDE;
  let index = linearIndex(group, groups, lane, 64u);
  let strip = quotient(index, channels);
  let quad = index - strip * channels;
  let line = quotient(strip, strips);
  let image = quotient(line, params.positionsDown);
  if line * params.positionsAcross >= params.m {
    return;
  }
  let j = (strip - line * strips) * WIDE;
  let top = (line - image * params.positionsDown) * params.strideDown - params.paddingTop;
  let left = j * STRIDE - params.paddingLeft;
  let taps = params.filterDown * ACROSS;
  var acc: array<vec4<Acc>, WIDE>;
  for (var p = 0u; p < params.filterDown; p++) {
    let row = top + p * params.dilationDown;
    if row >= params.height {
      continue;
    }
    var own: array<vec4<Acc>, SPAN>;
    for (var s = 0u; s < SPAN; s++) {
      let across = left + s;
      let inside = across < params.width;
      let at = ((image * params.height + row) * params.width + select(0u, across, inside)) * channels + quad;
      own[s] = select(vec4<Acc>(), in4(x[at]), inside);
    }
    for (var q = 0u; q < ACROSS; q++) {
      let tap = p * ACROSS + q;
      let weight = in4(weights[select(tap, taps - 1u - tap, TURNED) * channels + quad]);
      for (var s = 0u; s < WIDE; s++) {
        acc[s] += own[s * STRIDE + q * DILATION] * weight;
      }
    }
  }
  let column = columnAt(quad);
  for (var s = 0u; s < WIDE; s++) {
    if j + s < params.positionsAcross {
      store(0u, line * params.positionsAcross + j + s, quad, acc[s], column);
    }
  }
}
