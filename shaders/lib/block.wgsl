// acc += rows `row` to row + TM - 1 of A', times rows 4 * k4 to 4 * k4 + 3 of B' in the columns of `quad`.
fn accumulate(acc: ptr<function, array<vec4<Acc>, TM>>, matrix: u32, row: u32, quad: u32, k4: u32) {
  let block = blockOfB(matrix, k4, quad);
  if TRANSPOSE_A {
    for (var r = 0u; r < TM; r += 4u) {
      let at = (row + r) >> 2u;
      let k = k4 * 4u;
      // Column i holds row row + r + i of A', k to k + 3.
      let columns = transpose(mat4x4<Acc>(
        storedA(matrix, k, at),
        storedA(matrix, k + 1u, at),
        storedA(matrix, k + 2u, at),
        storedA(matrix, k + 3u, at),
      ));
      // Tiles of less than 4 rows lie anywhere in a quad.
      let shift = select(row & 3u, 0u, TM >= 4u);
      for (var i = 0u; i < min(4u, TM); i++) {
        (*acc)[r + i] += block * columns[shift + i];
      }
    }
  } else {
    for (var r = 0u; r < TM; r++) {
      (*acc)[r] += block * storedA(matrix, row + r, k4);
    }
  }
}
