// Four results as they lie in storage, and back: for buffers that are updated in place.
fn out4(v: vec4<Acc>) -> Out4 {
  return Out4(v);
}

fn own4(v: Out4) -> vec4<Acc> {
  return vec4<Acc>(v);
}

// The result as it is read again.
fn rounded4(v: vec4<Acc>, zero: u32) -> vec4<Acc> {
  return v;
}
