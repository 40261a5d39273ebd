// n / d, for d below 2^24, by floats: where a processor plays the GPU it divides integers lane by lane.
fn quotient(n: u32, d: u32) -> u32 {
  let by = f32(d);
  // Off by about 2^-22 of itself; what that leaves is a small multiple of d.
  var q = u32(f32(n) / by);
  q += u32(i32(floor(f32(i32(n - q * d)) / by)));
  let rest = i32(n - q * d);
  return select(select(q, q + 1u, rest >= i32(d)), q - 1u, rest < 0);
}

// n / d for n below 2^20, where one half more than n still divides to the right side of every whole number.
fn smallQuotient(n: u32, d: u32) -> u32 {
  return u32((f32(n) + 0.5) / f32(d));
}
