// float16 arithmetic of the device, one operation at a time.
fn half4(v: In4) -> Half4 {
  return v;
}

fn wide4(v: Half4) -> vec4<f32> {
  return vec4<f32>(v);
}

fn plus4(a: Half4, b: Half4) -> Half4 {
  return stored4(a + b);
}

fn times4(a: Half4, b: Half4) -> Half4 {
  return stored4(a * b);
}

// params.zero is 0, which no compiler knows: what it does with numbers ends here.
fn stored4(v: vec4<f16>) -> Half4 {
  return bitcast<vec4<f16>>(bitcast<vec2<u32>>(v) ^ vec2<u32>(params.zero));
}
