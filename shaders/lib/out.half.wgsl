// Four results as halves in two words, and back: for buffers that are updated in place.
fn out4(v: vec4<Acc>) -> Out4 {
  return narrow(vec4<f32>(v));
}

fn own4(v: Out4) -> vec4<Acc> {
  return vec4<Acc>(vec4<f32>(unpack2x16float(v.x), unpack2x16float(v.y)));
}
