// What a sum of products passes before it is stored: + bias, the normalisation, + residual, the activation, the gate, the overflow flag.
struct Column {
  bias: vec4<Acc>,
  centre: vec4<Acc>,
  scale: vec4<Acc>,
  shift: vec4<Acc>,
}

// What is added to, and done with, every row of columns 4 * quad to 4 * quad + 3.
fn columnAt(quad: u32) -> Column {
  let own = min(quad, quads(params.n) - 1u);
  var column: Column;
  if BIAS {
    column.bias = in4(bias[own]);
  }
  if NORMALISE {
    column.centre = vec4<Acc>(factors[3u * own]);
    column.scale = vec4<Acc>(factors[3u * own + 1u]);
    column.shift = vec4<Acc>(factors[3u * own + 2u]);
  }
  return column;
}

// Stores columns 4 * quad to 4 * quad + 3 of one row; `matrix` counts the matrices that are stored, parts of K among them.
fn store(matrix: u32, row: u32, quad: u32, sum: vec4<Acc>, column: Column) {
  if row >= params.m || quad >= quads(params.n) {
    return;
  }
  let at = (matrix * params.m + row) * quads(params.n) + quad;
  var v = sum + column.bias;
  if NORMALISE {
    v = (rounded4(v, params.n >> 31u) - column.centre) * column.scale + column.shift;
  }
  if RESIDUAL {
    v += in4(residual[at]);
  }
  v = activate(v);
  if GATE {
    v = select(vec4<Acc>(0.0), v, in4(residual[at]) > vec4<Acc>(0.0));
  }
  if OVERFLOW {
    let magnitude = bitcast<vec4<u32>>(v) & vec4<u32>(0x7fffffffu);
    if any(magnitude >= vec4<u32>(OVERFLOW_FROM)) {
      atomicOr(&overflow[0], 1u);
    }
  }
  c[at] = out4(v);
}

// The numbers are the places in ACTIVATIONS of src/kernels/gemm/problem.ts.
fn activate(x: vec4<Acc>) -> vec4<Acc> {
  switch ACTIVATION {
    case 1u: { return relu(x); }
    case 2u: { return sigmoid(x); }
    case 3u: { return saturatingTanh(x); }
    case 4u: { return relu6(x); }
    default: { return x; }
  }
}
