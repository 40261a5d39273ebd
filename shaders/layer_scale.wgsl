// The power of two that a layer multiplies its gradient with, by the rule of Zhao, Vogel and Ahmed (2019, arXiv 1910.12385):
//   sigma = sqrt(mean(g^2) mean(W^2) terms / 2)       what is expected of g W^T, a sum of `terms` products, half of them zero
//   s = 2^-24 / (underflow sigma), but at least 1     then about the share `underflow` of g W^T is below float16's range
//   s = 60000 / (max|g| max(1, terms max|W|)) at most neither g s nor the sums can overflow
// Rounded to 2^exponent, away from underflow, and from overflow. After skipped steps: `retreat` powers of two lower; where the gradient
// enters float16 (ENTERS) that may be below 1. Without W (not WEIGHTS): sigma^2 = mean(g^2), terms max|W| = 1.
// A gradient or W of zeros alone, or not finite, leaves the exponent as it was; so does a step that measures nothing.
override WEIGHTS: bool = false;
override ENTERS: bool = false;

const LANES = 64u;

struct Params {
  size: u32,
  parts: u32,
  weightSize: u32,
  weightParts: u32,
  terms: u32,
  underflow: f32,
}

// What the layer keeps from step to step.
struct Layer {
  exponent: i32,
  rms: f32,
  largest: f32,
}

@group(0) @binding(0) var<storage, read> state: AdaptiveState;
// What magnitudes.wgsl found, up to LANES parts of each.
@group(0) @binding(1) var<storage, read> gradient: array<vec2<u32>>;
@group(0) @binding(2) var<storage, read> weights: array<vec2<u32>>;
@group(0) @binding(3) var<storage, read_write> layer: Layer;
@group(0) @binding(4) var<storage, read_write> exponent: array<i32>;
@group(0) @binding(5) var<uniform> params: Params;

// #include "lib/adaptive_state.wgsl"
// #include "lib/fold_magnitudes.wgsl"

var<workgroup> sums: array<vec2<f32>, LANES>;
var<workgroup> largest: array<vec2<u32>, LANES>;

// Of positive normal numbers.
fn floorLog2(x: f32) -> i32 {
  return i32(bitcast<u32>(x) >> 23u) - 127;
}

fn ceilLog2(x: f32) -> i32 {
  return floorLog2(x) + select(0, 1, (bitcast<u32>(x) & 0x7fffffu) != 0u);
}

fn isUsable(most: u32) -> bool {
  return most >= 0x00800000u && most < 0x7f800000u;
}

// Where the squares leave float32, the largest stands for all.
fn rootMeanSquare(sum: f32, most: u32, size: u32) -> f32 {
  if isUsable(bitcast<u32>(sum)) {
    return sqrt(sum / f32(size)) * 0x1p-32;
  }
  return bitcast<f32>(most);
}

@compute @workgroup_size(LANES)
fn main(@builtin(local_invocation_index) lane: u32) {
  if state.refresh == 1u {
    sums[lane] = vec2<f32>(0.0);
    largest[lane] = vec2<u32>(0u);
    if lane < params.parts {
      sums[lane].x = bitcast<f32>(gradient[lane].x);
      largest[lane].x = gradient[lane].y;
    }
    if WEIGHTS && lane < params.weightParts {
      sums[lane].y = bitcast<f32>(weights[lane].x);
      largest[lane].y = weights[lane].y;
    }
    foldMagnitudes(lane);
  }
  if lane > 0u {
    return;
  }
  if state.refresh == 1u && isUsable(largest[0].x) && (!WEIGHTS || isUsable(largest[0].y)) {
    let rms = rootMeanSquare(sums[0].x, largest[0].x, params.size);
    let most = bitcast<f32>(largest[0].x);
    var sigma = rms;
    var gain = 1.0;
    if WEIGHTS {
      sigma *= rootMeanSquare(sums[0].y, largest[0].y, params.weightSize) * sqrt(0.5 * f32(params.terms));
      gain = max(1.0, f32(params.terms) * bitcast<f32>(largest[0].y));
    }
    let retreat = i32(state.retreat);
    let raise = ceilLog2(0x1p-24 / (params.underflow * max(sigma, 0x1p-100)));
    let bound = floorLog2(60000.0 / clamp(most * gain, 0x1p-100, 0x1p100));
    let lowest = select(0, -retreat, ENTERS);
    layer.exponent = min(max(raise - retreat, lowest), bound - retreat);
    layer.rms = rms;
    layer.largest = most;
  }
  exponent[0] = layer.exponent;
}
