// Special functions to float32's precision, without the cancellation of their plain formulas.

// e^x - 1: its series below 1/2 in magnitude.
fn expm1(x: vec4<f32>) -> vec4<f32> {
  let series = x * (1.0 + x * (1.0 / 2.0 + x * (1.0 / 6.0 + x * (1.0 / 24.0 + x * (1.0 / 120.0 + x * (1.0 / 720.0 + x * (1.0 / 5040.0)))))));
  return select(exp(x) - 1.0, series, abs(x) < vec4<f32>(0.5));
}

// log(1 + x): below 1/4 in magnitude 2 artanh(z), z = x / (2 + x), by its series.
fn log1p(x: vec4<f32>) -> vec4<f32> {
  let z = x / (2.0 + x);
  let w = z * z;
  let series = 2.0 * z * (1.0 + w * (1.0 / 3.0 + w * (1.0 / 5.0 + w * (1.0 / 7.0 + w * (1.0 / 9.0)))));
  return select(log(1.0 + x), series, abs(x) < vec4<f32>(0.25));
}

// erf: its series below 1; beyond, Abramowitz and Stegun 7.1.26, off by at most 1.5e-7.
fn erf(x: vec4<f32>) -> vec4<f32> {
  let w = x * x;
  let series = 1.1283791670955126 * x * (1.0 - w * (1.0 / 3.0 - w * (1.0 / 10.0 - w * (1.0 / 42.0 - w * (1.0 / 216.0 - w * (1.0 / 1320.0
    - w * (1.0 / 9360.0 - w * (1.0 / 75600.0 - w * (1.0 / 685440.0 - w * (1.0 / 6894720.0))))))))));
  let t = 1.0 / (1.0 + 0.3275911 * abs(x));
  let tail = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))) * exp(-w);
  return select(sign(x) * (1.0 - tail), series, w < vec4<f32>(1.0));
}
