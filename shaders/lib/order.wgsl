// A key whose order as an unsigned number is that of the values; with DESCENDING the opposite. NaN comes before all others in
// either, and -0 equals 0. SORTED: what the values are.
fn keyOf(v: Acc) -> u32 {
  var key = bitcast<u32>(v);
  if SORTED == INTEGERS {
    key ^= 0x80000000u;
  }
  if SORTED == FLOATS {
    if (key & 0x7fffffffu) > 0x7f800000u {
      return 0u;
    }
    key = select(key, 0u, key == 0x80000000u);
    key ^= select(0x80000000u, 0xffffffffu, key >= 0x80000000u);
  }
  return select(key, ~key, DESCENDING);
}
