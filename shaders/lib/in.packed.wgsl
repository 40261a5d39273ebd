// Four halves in two words, widened to the accumulator type.
fn in4(v: In4) -> vec4<Acc> {
  return vec4<Acc>(vec4<f32>(unpack2x16float(v.x), unpack2x16float(v.y)));
}
