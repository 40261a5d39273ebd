// Operands of a product as they are stored, in quads along their rows. What lies beyond K is zero. What lies beyond M or
// N is some other row's or column's: its results are never stored.
fn within(index: u32, count: u32) -> u32 {
  if RAGGED_K || RAGGED_EDGES {
    return min(index, count - 1u);
  }
  return index;
}

fn rawA(matrix: u32, row: u32, quad: u32) -> In4 {
  if PATCHES {
    let v = patchQuad(cornerOf(matrix, row), tapOf(quad));
    return select(v, In4(), RAGGED_K && quad >= quads(select(params.k, params.m, TRANSPOSE_A)));
  }
  let rows = select(params.m, params.k, TRANSPOSE_A);
  let across = quads(select(params.k, params.m, TRANSPOSE_A));
  let v = a[matrix * params.strideA + within(row, rows) * across + within(quad, across)];
  if RAGGED_K {
    return select(In4(), v, select(quad < across, row < rows, TRANSPOSE_A));
  }
  return v;
}

fn storedA(matrix: u32, row: u32, quad: u32) -> vec4<Acc> {
  return in4(rawA(matrix, row, quad));
}

fn rawB(matrix: u32, row: u32, quad: u32) -> In4 {
  let rows = select(params.k, params.n, TRANSPOSE_B);
  let across = quads(select(params.n, params.k, TRANSPOSE_B));
  let v = b[matrix * params.strideB + within(row, rows) * across + within(quad, across)];
  if RAGGED_K {
    return select(In4(), v, select(row < rows, quad < across, TRANSPOSE_B));
  }
  return v;
}

fn storedB(matrix: u32, row: u32, quad: u32) -> vec4<Acc> {
  return in4(rawB(matrix, row, quad));
}

// Rows 4 * k4 to 4 * k4 + 3 of B', columns 4 * quad to 4 * quad + 3.
fn blockOfB(matrix: u32, k4: u32, quad: u32) -> mat4x4<Acc> {
  let first = select(k4, quad, TRANSPOSE_B) * 4u;
  let along = select(quad, k4, TRANSPOSE_B);
  let block = mat4x4<Acc>(
    storedB(matrix, first, along),
    storedB(matrix, first + 1u, along),
    storedB(matrix, first + 2u, along),
    storedB(matrix, first + 3u, along),
  );
  if TRANSPOSE_B {
    return transpose(block);
  }
  return block;
}
