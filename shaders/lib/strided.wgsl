// Offset of row-major index i, for sizes (.., params.d1, .. params.d5), in a tensor with the given six strides. Only the last
// AXES axes have more than one place: integers are divided slowly.
fn stridedOffset(i: u32, outer: vec3<u32>, inner: vec3<u32>) -> u32 {
  var rest = i;
  var offset = 0u;
  if AXES > 1u {
    let above = rest / params.d5;
    offset += (rest - above * params.d5) * inner.z;
    rest = above;
  }
  if AXES > 2u {
    let above = rest / params.d4;
    offset += (rest - above * params.d4) * inner.y;
    rest = above;
  }
  if AXES > 3u {
    let above = rest / params.d3;
    offset += (rest - above * params.d3) * inner.x;
    rest = above;
  }
  if AXES > 4u {
    let above = rest / params.d2;
    offset += (rest - above * params.d2) * outer.z;
    rest = above;
  }
  if AXES > 5u {
    let above = rest / params.d1;
    offset += (rest - above * params.d1) * outer.y;
    rest = above;
  }
  // What is left is the place along the first of them.
  var strides = array<u32, 6>(inner.z, inner.y, inner.x, outer.z, outer.y, outer.x);
  return offset + rest * strides[AXES - 1u];
}
