// Offset of row-major index i, for sizes (.., params.d1, .. params.d5), in a tensor with the given six strides.
fn stridedOffset(i: u32, outer: vec3<u32>, inner: vec3<u32>) -> u32 {
  var rest = i;
  var offset = (rest % params.d5) * inner.z;
  rest /= params.d5;
  offset += (rest % params.d4) * inner.y;
  rest /= params.d4;
  offset += (rest % params.d3) * inner.x;
  rest /= params.d3;
  offset += (rest % params.d2) * outer.z;
  rest /= params.d2;
  offset += (rest % params.d1) * outer.y;
  return offset + (rest / params.d1) * outer.x;
}
