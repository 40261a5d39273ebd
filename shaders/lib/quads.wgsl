// Quads of a row: rows of matrices are padded to whole ones.
fn quads(columns: u32) -> u32 {
  return (columns + 3u) >> 2u;
}
