// c[i] = a[i] OP b[i], size elements; a and b broadcast to the shape of c (at most six axes after merging).
// Comparisons give 0 or 1. Acc is i32 or u32 for integers.
alias In4 = vec4<f32>;
alias Out4 = vec4<f32>;
alias Acc = f32;

override OP: u32 = 0;
override FLOATS: bool = true;

const ADD = 0u;
const SUB = 1u;
const MUL = 2u;
const DIV = 3u;
const MAXIMUM = 4u;
const MINIMUM = 5u;
const EQUAL = 6u;
const NOT_EQUAL = 7u;
const LESS = 8u;
const LESS_EQUAL = 9u;
const GREATER = 10u;
const GREATER_EQUAL = 11u;
// Gradients of activations, a being the upstream gradient and b the activation's output.
const RELU_GRADIENT = 12u;
const SIGMOID_GRADIENT = 13u;
const TANH_GRADIENT = 14u;
const POW = 15u;
const SQUARED_DIFFERENCE = 16u;
// p log|q| where q > 0, else 0: the gradient of q^r by r, but for its factor q^r.
const TIMES_LOG = 17u;
// p - q floor(p / q), floor(p / q), and p / q but 0 where q is.
const MOD = 18u;
const FLOOR_DIV = 19u;
const DIV_NO_NAN = 20u;
// Of p alone, by its bits.
const IS_NAN = 21u;
const IS_INF = 22u;
const IS_FINITE = 23u;
// The angle of the point (q, p), from -pi to pi.
const ATAN2 = 24u;
const RELU6_GRADIENT = 25u;

// How an operand is read: quad by quad as it lies, one element for all, a quad at a strided offset, or four elements
// at four strided offsets.
override READ_A: u32 = 0;
override READ_B: u32 = 0;

const LINEAR = 0u;
const SCALAR = 1u;
const QUADS = 2u;
const ELEMENTS = 3u;

// Axes that are left after merging.
override AXES: u32 = 6;

struct Params {
  size: u32,
  d1: u32,
  d2: u32,
  d3: u32,
  d4: u32,
  d5: u32,
  a0: u32,
  a1: u32,
  a2: u32,
  a3: u32,
  a4: u32,
  a5: u32,
  b0: u32,
  b1: u32,
  b2: u32,
  b3: u32,
  b4: u32,
  b5: u32,
}

@group(0) @binding(0) var<storage, read> a: array<In4>;
@group(0) @binding(1) var<storage, read> b: array<In4>;
@group(0) @binding(2) var<storage, read_write> c: array<Out4>;
@group(0) @binding(3) var<uniform> params: Params;

// #include "lib/grid.wgsl"
// #include "lib/in.wgsl"
// #include "lib/narrow.wgsl"
// #include "lib/out.wgsl"
// #include "lib/strided.wgsl"
// #include "lib/extremes.wgsl"

fn offsetA(i: u32) -> u32 {
  return stridedOffset(i, vec3<u32>(params.a0, params.a1, params.a2), vec3<u32>(params.a3, params.a4, params.a5));
}

fn offsetB(i: u32) -> u32 {
  return stridedOffset(i, vec3<u32>(params.b0, params.b1, params.b2), vec3<u32>(params.b3, params.b4, params.b5));
}

fn elementA(i: u32) -> Acc {
  let at = offsetA(min(i, params.size - 1u));
  return in4(a[at >> 2u])[at & 3u];
}

fn elementB(i: u32) -> Acc {
  let at = offsetB(min(i, params.size - 1u));
  return in4(b[at >> 2u])[at & 3u];
}

fn quadA(quad: u32) -> vec4<Acc> {
  let i = quad * 4u;
  switch READ_A {
    case SCALAR: { return vec4<Acc>(in4(a[0]).x); }
    case QUADS: { return in4(a[offsetA(i) >> 2u]); }
    case ELEMENTS: { return vec4<Acc>(elementA(i), elementA(i + 1u), elementA(i + 2u), elementA(i + 3u)); }
    default: { return in4(a[quad]); }
  }
}

fn quadB(quad: u32) -> vec4<Acc> {
  let i = quad * 4u;
  switch READ_B {
    case SCALAR: { return vec4<Acc>(in4(b[0]).x); }
    case QUADS: { return in4(b[offsetB(i) >> 2u]); }
    case ELEMENTS: { return vec4<Acc>(elementB(i), elementB(i + 1u), elementB(i + 2u), elementB(i + 3u)); }
    default: { return in4(b[quad]); }
  }
}

// p^q as C's pow has it for finite numbers: WGSL's own is for p > 0 alone. A negative p takes whole exponents, else NaN.
fn power(p: vec4<Acc>, q: vec4<Acc>) -> vec4<Acc> {
  let base = vec4<f32>(p);
  let exponent = vec4<f32>(q);
  let magnitude = select(exp2(exponent * log2(abs(base))), vec4<f32>(1.0), exponent == vec4<f32>(0.0));
  let whole = floor(exponent) == exponent;
  let odd = whole & (abs(exponent - 2.0 * floor(exponent * 0.5)) == vec4<f32>(1.0));
  let nan = bitcast<vec4<f32>>(vec4<u32>(0x7fc00000u) + vec4<u32>(params.size & 0u));
  let signed = select(select(magnitude, -magnitude, odd), nan, !whole);
  return vec4<Acc>(select(magnitude, signed, base < vec4<f32>(0.0)));
}

fn timesLog(p: vec4<Acc>, q: vec4<Acc>) -> vec4<Acc> {
  let positive = vec4<f32>(q) > vec4<f32>(0.0);
  return p * vec4<Acc>(select(vec4<f32>(0.0), log(select(vec4<f32>(1.0), vec4<f32>(q), positive)), positive));
}

// Of 0 to 1, by Cephes' polynomial: WGSL's own atan may be 4096 ulp off.
fn arcTangent(t: vec4<f32>) -> vec4<f32> {
  let far = t > vec4<f32>(0.41421356);
  let x = select(t, (t - 1.0) / (t + 1.0), far);
  let z = x * x;
  let series = ((8.05374449538e-2 * z - 1.38776856032e-1) * z + 1.99777106478e-1) * z - 3.33329491539e-1;
  return series * z * x + x + select(vec4<f32>(0.0), vec4<f32>(0.78539816), far);
}

// Of -0 too.
fn hasSign(p: vec4<Acc>) -> vec4<bool> {
  return (bitcast<vec4<u32>>(vec4<f32>(p)) & vec4<u32>(0x80000000u)) != vec4<u32>(0u);
}

fn angle(p: vec4<Acc>, q: vec4<Acc>) -> vec4<Acc> {
  let y = abs(vec4<f32>(p));
  let x = abs(vec4<f32>(q));
  let most = max(x, y);
  let slope = min(x, y) / select(most, vec4<f32>(1.0), most == vec4<f32>(0.0));
  let eighth = arcTangent(slope);
  let quarter = select(eighth, 1.57079633 - eighth, y > x);
  let half = select(quarter, 3.14159265 - quarter, hasSign(q));
  return vec4<Acc>(select(half, -half, hasSign(p)));
}

fn flags(condition: vec4<bool>) -> vec4<Acc> {
  return select(vec4<Acc>(0), vec4<Acc>(1), condition);
}

// What p / q leaves has the sign of p: where that is not q's, the floor is one lower than the whole part.
fn isBelow(rest: vec4<Acc>, q: vec4<Acc>) -> vec4<bool> {
  return (rest != vec4<Acc>(0)) & ((rest < vec4<Acc>(0)) != (q < vec4<Acc>(0)));
}

fn floorQuotient(p: vec4<Acc>, q: vec4<Acc>) -> vec4<Acc> {
  let quotient = p / q;
  if FLOATS {
    return vec4<Acc>(floor(vec4<f32>(quotient)));
  }
  return select(quotient, quotient - vec4<Acc>(1), isBelow(p % q, q));
}

fn magnitude(p: vec4<Acc>) -> vec4<u32> {
  return bitcast<vec4<u32>>(p) & vec4<u32>(0x7fffffffu);
}

fn apply(p: vec4<Acc>, q: vec4<Acc>) -> vec4<Acc> {
  switch OP {
    case ADD: { return p + q; }
    case SUB: { return p - q; }
    case MUL: { return p * q; }
    case DIV: { return p / q; }
    case MAXIMUM: { return larger(p, q); }
    case MINIMUM: { return smaller(p, q); }
    case EQUAL: { return flags(p == q); }
    case NOT_EQUAL: { return flags(p != q); }
    case LESS: { return flags(p < q); }
    case LESS_EQUAL: { return flags(p <= q); }
    case GREATER: { return flags(p > q); }
    case GREATER_EQUAL: { return flags(p >= q); }
    case RELU_GRADIENT: { return select(vec4<Acc>(0), p, q > vec4<Acc>(0)); }
    case SIGMOID_GRADIENT: { return p * q * (vec4<Acc>(1) - q); }
    case TANH_GRADIENT: { return p * (vec4<Acc>(1) - q * q); }
    case POW: { return power(p, q); }
    case SQUARED_DIFFERENCE: { return (p - q) * (p - q); }
    case TIMES_LOG: { return timesLog(p, q); }
    case MOD: {
      let rest = p % q;
      return select(rest, rest + q, isBelow(rest, q));
    }
    case FLOOR_DIV: { return floorQuotient(p, q); }
    case DIV_NO_NAN: { return select(p / q, vec4<Acc>(0), q == vec4<Acc>(0)); }
    case IS_NAN: { return flags(magnitude(p) > vec4<u32>(0x7f800000u)); }
    case IS_INF: { return flags(magnitude(p) == vec4<u32>(0x7f800000u)); }
    case IS_FINITE: { return flags(magnitude(p) < vec4<u32>(0x7f800000u)); }
    case ATAN2: { return angle(p, q); }
    case RELU6_GRADIENT: { return select(vec4<Acc>(0), p, (q > vec4<Acc>(0)) & (q < vec4<Acc>(6))); }
    default: { return p; }
  }
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let quad = linearIndex(group, groups, lane, 64u);
  if quad * 4u < params.size {
    c[quad] = out4(apply(quadA(quad), quadB(quad)));
  }
}
