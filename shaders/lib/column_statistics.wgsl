// Statistics of the four columns of a quad: params.tied columns share one mean and one variance, outer x groups of them lie in
// order; matrix is a place along outer.
fn meanOf(matrix: u32, quad: u32) -> vec4<f32> {
  var v: vec4<f32>;
  for (var j = 0u; j < 4u; j++) {
    v[j] = mean[statisticAt(matrix, quad * 4u + j)];
  }
  return v;
}

// 1 / sqrt(variance + epsilon).
fn inverseOf(matrix: u32, quad: u32) -> vec4<f32> {
  var v: vec4<f32>;
  for (var j = 0u; j < 4u; j++) {
    v[j] = variance[statisticAt(matrix, quad * 4u + j)];
  }
  return inverseSqrt(v + params.epsilon);
}

fn statisticAt(matrix: u32, column: u32) -> u32 {
  let groups = quotient(params.columns, params.tied);
  return matrix * groups + quotient(min(column, params.columns - 1u), params.tied);
}
