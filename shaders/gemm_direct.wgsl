// C = act(A' B' + bias): A' is M x K, B' is K x N, C is M x N, all row-major; bias has N elements.
// A is stored M x K (K x M with TRANSPOSE_A), B is stored K x N (N x K with TRANSPOSE_B).
// A register tile of TM rows x 4 columns an invocation, operands read straight from storage: no workgroup memory, no
// barrier, no subgroups. C's rows are padded to whole quads: row i starts at quad i * ceil(N / 4).
alias In4 = vec4<f32>;
alias Out4 = vec4<f32>;
alias Acc = f32;

const TM = 8u;

override TRANSPOSE_A: bool = false;
override TRANSPOSE_B: bool = false;
// Rows of A (of B) as stored are whole quads.
override ALIGNED_A: bool = true;
override ALIGNED_B: bool = true;
override BIAS: bool = false;
override ACTIVATION: u32 = 0;

const LINEAR = 0u;
const RELU = 1u;
const SIGMOID = 2u;
const TANH = 3u;

struct Params {
  m: u32,
  k: u32,
  n: u32,
}

@group(0) @binding(0) var<storage, read> a: array<In4>;
@group(0) @binding(1) var<storage, read> b: array<In4>;
@group(0) @binding(2) var<storage, read> bias: array<In4>;
@group(0) @binding(3) var<storage, read_write> c: array<Out4>;
@group(0) @binding(4) var<uniform> params: Params;

// #include "lib/in.wgsl"
// #include "lib/narrow.wgsl"
// #include "lib/out.wgsl"
// #include "lib/activation.wgsl"

fn elementA(row: u32, k: u32) -> Acc {
  let i = select(row * params.k + k, k * params.m + row, TRANSPOSE_A);
  return in4(a[i >> 2u])[i & 3u];
}

fn elementB(k: u32, column: u32) -> Acc {
  let n = min(column, params.n - 1u);
  let i = select(k * params.n + n, n * params.k + k, TRANSPOSE_B);
  return in4(b[i >> 2u])[i & 3u];
}

// Row k of B', columns 4 * quad to 4 * quad + 3.
fn rowOfB(k: u32, quad: u32) -> vec4<Acc> {
  if ALIGNED_B && !TRANSPOSE_B {
    return in4(b[k * (params.n >> 2u) + quad]);
  }
  let column = quad * 4u;
  return vec4<Acc>(elementB(k, column), elementB(k, column + 1u), elementB(k, column + 2u), elementB(k, column + 3u));
}

// Column 4 * quad + j of B' (a row of B as stored), k to k + 3.
fn columnOfB(k: u32, quad: u32, j: u32) -> vec4<Acc> {
  let column = min(quad * 4u + j, params.n - 1u);
  return in4(b[column * (params.k >> 2u) + (k >> 2u)]);
}

fn activate(x: vec4<Acc>) -> vec4<Acc> {
  switch ACTIVATION {
    case RELU: { return relu(x); }
    case SIGMOID: { return sigmoid(x); }
    case TANH: { return saturatingTanh(x); }
    default: { return x; }
  }
}

@compute @workgroup_size(16, 4)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let quads = (params.n + 3u) >> 2u;
  let quad = id.x;
  let firstRow = id.y * TM;
  if quad >= quads || firstRow >= params.m {
    return;
  }
  let lastRow = params.m - 1u;
  var acc: array<vec4<Acc>, TM>;
  let wholeK = params.k & ~3u;
  for (var k = 0u; k < wholeK; k += 4u) {
    var b0: vec4<Acc>;
    var b1: vec4<Acc>;
    var b2: vec4<Acc>;
    var b3: vec4<Acc>;
    if ALIGNED_B && TRANSPOSE_B {
      let t = transpose(mat4x4<Acc>(columnOfB(k, quad, 0u), columnOfB(k, quad, 1u), columnOfB(k, quad, 2u), columnOfB(k, quad, 3u)));
      b0 = t[0];
      b1 = t[1];
      b2 = t[2];
      b3 = t[3];
    } else {
      b0 = rowOfB(k, quad);
      b1 = rowOfB(k + 1u, quad);
      b2 = rowOfB(k + 2u, quad);
      b3 = rowOfB(k + 3u, quad);
    }
    if ALIGNED_A && TRANSPOSE_A {
      let stride = params.m >> 2u;
      let lastQuad = stride - 1u;
      for (var r = 0u; r < TM; r += 4u) {
        let at = k * stride + min((firstRow + r) >> 2u, lastQuad);
        let a0 = in4(a[at]);
        let a1 = in4(a[at + stride]);
        let a2 = in4(a[at + 2u * stride]);
        let a3 = in4(a[at + 3u * stride]);
        for (var i = 0u; i < 4u; i++) {
          acc[r + i] += a0[i] * b0 + a1[i] * b1 + a2[i] * b2 + a3[i] * b3;
        }
      }
    } else {
      for (var r = 0u; r < TM; r++) {
        let row = min(firstRow + r, lastRow);
        var v: vec4<Acc>;
        if ALIGNED_A {
          v = in4(a[row * (params.k >> 2u) + (k >> 2u)]);
        } else {
          v = vec4<Acc>(elementA(row, k), elementA(row, k + 1u), elementA(row, k + 2u), elementA(row, k + 3u));
        }
        acc[r] += v.x * b0 + v.y * b1 + v.z * b2 + v.w * b3;
      }
    }
  }
  for (var k = wholeK; k < params.k; k++) {
    let row = rowOfB(k, quad);
    for (var r = 0u; r < TM; r++) {
      acc[r] += elementA(min(firstRow + r, lastRow), k) * row;
    }
  }
  var offset = vec4<Acc>(0.0);
  if BIAS {
    offset = in4(bias[quad]);
  }
  for (var r = 0u; r < TM; r++) {
    if firstRow + r < params.m {
      c[(firstRow + r) * quads + quad] = out4(activate(acc[r] + offset));
    }
  }
}
