// float16 arithmetic on f32 numbers that are halves: each operation rounds to nearest, on every device alike. A sum and a product of
// two halves in f32 lose nothing that this would need.
fn half4(v: In4) -> Half4 {
  return in4(v);
}

fn wide4(v: Half4) -> vec4<f32> {
  return v;
}

fn plus4(a: Half4, b: Half4) -> Half4 {
  return stored4(a + b);
}

fn times4(a: Half4, b: Half4) -> Half4 {
  return stored4(a * b);
}

// params.zero is 0, which no compiler knows: what it does with numbers ends here.
fn stored4(v: vec4<f32>) -> Half4 {
  let halves = nearestHalves(v) ^ vec2<u32>(params.zero);
  return vec4<f32>(unpack2x16float(halves.x), unpack2x16float(halves.y));
}
