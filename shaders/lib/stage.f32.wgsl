// A quad as it goes into workgroup memory: widened to f32.
fn stage4(v: In4) -> Stage4 {
  return in4(v);
}
