// Reference: special functions and activations in f64.

/** By its series below 3, else by the continued fraction of erfc (Abramowitz and Stegun 7.1.5 and 7.1.14). */
export function erf(x: number): number {
  const z = Math.abs(x);
  if (z < 3) {
    let [term, sum] = [x, x];
    for (let n = 1; n < 80; n++) {
      term *= (-x * x) / n;
      sum += term / (2 * n + 1);
    }
    return (2 / Math.sqrt(Math.PI)) * sum;
  }
  let fraction = z;
  for (let n = 60; n > 0; n--) fraction = z + n / 2 / fraction;
  return Math.sign(x) * (1 - Math.exp(-z * z) / (Math.sqrt(Math.PI) * fraction));
}

export function gelu(x: number): number {
  return 0.5 * x * (1 + erf(x / Math.SQRT2));
}

export function geluTanh(x: number): number {
  return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
}

export function elu(x: number, alpha = 1): number {
  return x < 0 ? alpha * Math.expm1(x) : x;
}

export function selu(x: number): number {
  return 1.0507009873554805 * elu(x, 1.6732632423543772);
}

/** To the even one of two neighbours. */
export function roundEven(x: number): number {
  const near = Math.round(x);
  return Math.abs(x % 1) === 0.5 && near % 2 !== 0 ? near - 1 : near;
}
