// Tiles of 32 x 32 scores, shared by 64 invocations: invocation `lane` holds rows 4 * (lane / 8) + i, i < 4, and the quad of
// columns lane % 8. The shader gives `leftQuad` and `rightQuad`, zero beyond their rows, and `left`, `right`, `weights`.
// Of the rows of the left tile the products with those of the right one, `depth` quads long; which = operands of the shader.
fn tileProducts(lane: u32, which: u32, leftRow: u32, rightRow: u32, depth: u32) -> array<vec4<f32>, 4> {
  let down = lane / 8u * 32u;
  let across = lane % 8u * 32u;
  var products: array<vec4<f32>, 4>;
  for (var first = 0u; first < depth; first += 8u) {
    workgroupBarrier();
    for (var at = lane; at < 256u; at += 64u) {
      left[at] = leftQuad(which, leftRow + at / 8u, first + at % 8u);
      right[at] = rightQuad(which, rightRow + at / 8u, first + at % 8u);
    }
    workgroupBarrier();
    let quads = min(8u, depth - first);
    for (var d = 0u; d < quads; d++) {
      let block = mat4x4<f32>(right[across + d], right[across + 8u + d], right[across + 16u + d], right[across + 24u + d]);
      for (var i = 0u; i < 4u; i++) {
        products[i] += left[down + 8u * i + d] * block;
      }
    }
  }
  return products;
}

// Whether keys after a query's place need not be looked at; with a mask too, a query may see nothing else.
fn skipsLater() -> bool {
  return params.causal != 0u && params.masked == 0u;
}

// Whether a query may not look at a key.
fn isHidden(matrix: u32, query: u32, key: u32) -> bool {
  if params.causal != 0u && key > query {
    return true;
  }
  if params.masked != 0u && query < params.queries && key < params.keys {
    let lead = matrix / params.inner * params.maskOuter + matrix % params.inner * params.maskInner;
    return mask[lead + query * params.maskRow + key * params.maskColumn] == 0u;
  }
  return false;
}
