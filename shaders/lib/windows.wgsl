// The windows [x, y) of `count` that reach over a coordinate, padding counted; `extent` is the length of a window.
fn windowsOver(at: u32, stride: u32, extent: u32, count: u32) -> vec2<u32> {
  let first = smallQuotient(max(at + stride, extent) - extent, stride);
  return vec2<u32>(first, min(smallQuotient(at, stride) + 1u, count));
}
