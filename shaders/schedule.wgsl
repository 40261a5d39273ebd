// The learning rate of the step that begins, by the steps before it: one of Keras's schedules. One invocation.
override KIND: u32 = 0;

const EXPONENTIAL = 0u;
const INVERSE_TIME = 1u;
const POLYNOMIAL = 2u;
const COSINE = 3u;
const COSINE_RESTARTS = 4u;
const PIECEWISE = 5u;

struct Params {
  initial: f32,
  steps: f32,
  rate: f32,     // factor, root or power; of restarts the growth of their length
  floor: f32,    // what it falls to: a value, or a share of the initial one
  flag: u32,     // in whole steps (EXPONENTIAL, INVERSE_TIME), again from the start (POLYNOMIAL), warmed up (COSINE)
  peak: f32,     // after warming up; of restarts the factor of each height
  warmup: f32,   // steps
  window: u32,   // steps whose gradients an iteration gathers
  count: u32,    // of boundaries in points, followed by one value more
}

@group(0) @binding(0) var<storage, read_write> state: ScaleState;
@group(0) @binding(1) var<storage, read> points: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

// #include "lib/scale_state.wgsl"

// (1 + cos(pi x)) / 2 between 1 and the floor.
fn cosine(x: f32, height: f32) -> f32 {
  return (1.0 - params.floor) * 0.5 * height * (1.0 + cos(3.14159265 * x)) + params.floor;
}

fn power(base: f32, exponent: f32) -> f32 {
  return select(pow(base, exponent), select(0.0, 1.0, exponent == 0.0), base <= 0.0);
}

fn rateAt(step: f32) -> f32 {
  switch KIND {
    case EXPONENTIAL, INVERSE_TIME: {
      var p = step / params.steps;
      if params.flag == 1u {
        p = floor((step + 0.5) / params.steps);
      }
      if KIND == EXPONENTIAL {
        return params.initial * power(params.rate, p);
      }
      return params.initial / (1.0 + params.rate * p);
    }
    case POLYNOMIAL: {
      var length = params.steps;
      if params.flag == 1u {
        length *= max(ceil((step - 0.5) / length), 1.0);
      }
      return (params.initial - params.floor) * power(1.0 - min(step, length) / length, params.rate) + params.floor;
    }
    case COSINE: {
      if params.flag == 0u {
        return params.initial * cosine(min(step / params.steps, 1.0), 1.0);
      }
      if step < params.warmup {
        return params.initial + (params.peak - params.initial) * step / params.warmup;
      }
      return params.peak * cosine(min((step - params.warmup) / params.steps, 1.0), 1.0);
    }
    case COSINE_RESTARTS: {
      // Half a step before the end of a period is still in it, whichever way the logarithm rounds.
      let place = step / params.steps;
      let early = (step + 0.5) / params.steps;
      if params.rate == 1.0 {
        let period = floor(early);
        return params.initial * cosine(place - period, power(params.peak, period));
      }
      let period = floor(log(1.0 - early * (1.0 - params.rate)) / log(params.rate));
      let length = power(params.rate, period);
      let before = (1.0 - length) / (1.0 - params.rate);
      return params.initial * cosine((place - before) / length, power(params.peak, period));
    }
    default: {
      var i = 0u;
      while i < params.count && step > points[i] {
        i++;
      }
      return points[params.count + i];
    }
  }
}

@compute @workgroup_size(1)
fn main() {
  // Steps whose gradients are gathered count one by one, as in Keras.
  state.learningRate = rateAt(f32(state.iterations * params.window + state.gathered % params.window));
}
