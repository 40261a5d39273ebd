const MISSED: u32 = 0xffffffff;

// The window that begins at `start`, or MISSED where none of `count` does; a start before the first has wrapped round.
fn hitAt(start: u32, stride: u32, count: u32) -> u32 {
  if start >= stride * count {
    return MISSED;
  }
  let i = smallQuotient(start, stride);
  return select(MISSED, i, i * stride == start);
}
