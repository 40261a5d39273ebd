// Where a tile of C begins. Tiles are counted along N, then M, then the parts of K, then the products of a batch.
struct Tile {
  row: u32,
  quad: u32,
  split: u32,
  matrix: u32,
}

fn tileAt(index: u32, rows: u32, across: u32) -> Tile {
  let tilesAcross = (quads(params.n) + across - 1u) / across;
  let tilesDown = (params.m + rows - 1u) / rows;
  let product = index / (tilesAcross * tilesDown);
  let place = index % (tilesAcross * tilesDown);
  return Tile(place / tilesAcross * rows, place % tilesAcross * across, product % params.splits, product / params.splits);
}

// The quads of K that a tile sums: [x, y).
fn rangeOfK(tile: Tile) -> vec2<u32> {
  let first = tile.split * params.chunk;
  return vec2<u32>(first, min(first + params.chunk, quads(params.k)));
}
