// A quad as it goes into workgroup memory: the very bits of storage.
fn stage4(v: In4) -> Stage4 {
  return v;
}
