// Four elements as they lie in storage, widened to the accumulator type.
fn in4(v: In4) -> vec4<Acc> {
  return vec4<Acc>(v);
}
