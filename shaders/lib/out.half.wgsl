// Four results as halves in two words, and back: for buffers that are updated in place.
fn out4(v: vec4<Acc>) -> Out4 {
  return narrow(vec4<f32>(v));
}

fn own4(v: Out4) -> vec4<Acc> {
  return vec4<Acc>(vec4<f32>(unpack2x16float(v.x), unpack2x16float(v.y)));
}

// The result as it is read again: own4(out4(v)) in fewer steps. `zero` is one that no compiler knows: they take an unpacking of a packing for nothing.
fn rounded4(v: vec4<Acc>, zero: u32) -> vec4<Acc> {
  let wide = vec4<f32>(v);
  let beyond = beyondHalf(wide);
  let fitting = select(wide, vec4<f32>(0.0), beyond);
  let halves = vec2<u32>(pack2x16float(fitting.xy), pack2x16float(fitting.zw)) + vec2<u32>(zero);
  let near = vec4<f32>(unpack2x16float(halves.x), unpack2x16float(halves.y));
  return vec4<Acc>(select(near, wide * 3e38, beyond));
}
