// Weights in halves, and the f32 numbers that they stand for.
// STOCHASTIC: rounded up with the probability of the share of the step between two halves, so that the expected value is the number;
// the random words are of SEED, the iteration, the quad and STREAM. Between 65504 and 65520 it is 65504.
// KAHAN (Zamirai et al. 2020): rounded to nearest, and what that took off is added in the next step: halves[quad] holds 2^11 times it,
// which fits wherever the weight does and is never smaller than the weight's own precision.
// From 65520 on a weight is infinite, as in lib/narrow.wgsl.
fn weightAt(quad: u32) -> vec4<Acc> {
  let w = wide(master[quad]);
  if ROUNDING != KAHAN {
    return w;
  }
  let low = wide(halves[quad]);
  // At most half a step of the weight: else it is that of a weight that has been replaced since.
  let most = bitcast<vec4<f32>>(max(bitcast<vec4<u32>>(w) & vec4<u32>(0x7f800000u), vec4<u32>(0x38800000u)));
  return w + 0.00048828125 * select(vec4<f32>(0.0), low, abs(low) <= most);
}

fn storeWeight(quad: u32, w: vec4<Acc>) {
  switch ROUNDING {
    case STOCHASTIC: {
      // Counters below 3 are those of random.wgsl and of the host.
      let key = vec2<u32>(SEED, state.iterations);
      let first = 4u + 2u * STREAM;
      master[quad] = randomHalves(w, vec4<u32>(threefry(key, vec2<u32>(quad, first)), threefry(key, vec2<u32>(quad, first + 1u))));
    }
    case KAHAN: {
      let stored = nearestHalves(w);
      let high = wide(stored);
      let isFinite = (bitcast<vec4<u32>>(high) & vec4<u32>(0x7f800000u)) != vec4<u32>(0x7f800000u);
      master[quad] = stored;
      // The stored bits stand between both, so that no compiler finds the difference to be 0.
      halves[quad] = narrow(select(vec4<f32>(0.0), 2048.0 * (w - high), isFinite));
    }
    default: { master[quad] = narrow(w); }
  }
}

fn wide(v: vec2<u32>) -> vec4<f32> {
  return vec4<f32>(unpack2x16float(v.x), unpack2x16float(v.y));
}
