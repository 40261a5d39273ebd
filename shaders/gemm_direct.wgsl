// C = act(A' B' + bias): A' is M x K, B' is K x N, C is M x N, all row-major; bias has N elements.
// A is stored M x K (K x M with TRANSPOSE_A), B is stored K x N (N x K with TRANSPOSE_B). The rows of all three, as
// stored, are whole quads: row i starts at quad i * ceil(columns / 4), and what pads a row of A or B is zero.
// A register tile of TM rows x 4 columns an invocation, operands read straight from storage: no workgroup memory, no
// barrier, no subgroups.
alias In4 = vec4<f32>;
alias Out4 = vec4<f32>;
alias Acc = f32;

const TM = 8u;

override TRANSPOSE_A: bool = false;
override TRANSPOSE_B: bool = false;
// K is not whole quads.
override RAGGED_K: bool = false;
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

fn quads(columns: u32) -> u32 {
  return (columns + 3u) >> 2u;
}

// Columns 4 * quad to 4 * quad + 3 of row k of an operand stored with K rows; zero beyond the last row.
fn rowOfA(k: u32, quad: u32) -> vec4<Acc> {
  let v = in4(a[min(k, params.k - 1u) * quads(params.m) + quad]);
  return select(v, vec4<Acc>(0.0), RAGGED_K && k >= params.k);
}

fn rowOfB(k: u32, quad: u32) -> vec4<Acc> {
  let v = in4(b[min(k, params.k - 1u) * quads(params.n) + quad]);
  return select(v, vec4<Acc>(0.0), RAGGED_K && k >= params.k);
}

// Rows 4 * k4 to 4 * k4 + 3 of B', columns 4 * quad to 4 * quad + 3.
fn blockOfB(k4: u32, quad: u32) -> mat4x4<Acc> {
  if TRANSPOSE_B {
    let stride = quads(params.k);
    let column = quad * 4u;
    let last = params.n - 1u;
    return transpose(mat4x4<Acc>(
      in4(b[column * stride + k4]),
      in4(b[min(column + 1u, last) * stride + k4]),
      in4(b[min(column + 2u, last) * stride + k4]),
      in4(b[min(column + 3u, last) * stride + k4]),
    ));
  }
  let k = k4 * 4u;
  return mat4x4<Acc>(rowOfB(k, quad), rowOfB(k + 1u, quad), rowOfB(k + 2u, quad), rowOfB(k + 3u, quad));
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
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let quad = id.x;
  // Tiles of rows beyond one axis of the grid are wrapped into z.
  let firstRow = (id.z * groups.y * 4u + id.y) * TM;
  if quad >= quads(params.n) || firstRow >= params.m {
    return;
  }
  var acc: array<vec4<Acc>, TM>;
  for (var k4 = 0u; k4 < quads(params.k); k4++) {
    let rows = blockOfB(k4, quad);
    if TRANSPOSE_A {
      let k = k4 * 4u;
      let lastQuad = quads(params.m) - 1u;
      for (var r = 0u; r < TM; r += 4u) {
        let at = min((firstRow + r) >> 2u, lastQuad);
        // Column i holds row firstRow + r + i of A', k to k + 3.
        let columns = transpose(mat4x4<Acc>(rowOfA(k, at), rowOfA(k + 1u, at), rowOfA(k + 2u, at), rowOfA(k + 3u, at)));
        for (var i = 0u; i < 4u; i++) {
          acc[r + i] += rows * columns[i];
        }
      }
    } else {
      for (var r = 0u; r < TM; r++) {
        acc[r] += rows * in4(a[min(firstRow + r, params.m - 1u) * quads(params.k) + k4]);
      }
    }
  }
  var offset = vec4<Acc>(0.0);
  if BIAS {
    offset = in4(bias[quad]);
  }
  for (var r = 0u; r < TM; r++) {
    if firstRow + r < params.m {
      c[(firstRow + r) * quads(params.n) + quad] = out4(activate(acc[r] + offset));
    }
  }
}
