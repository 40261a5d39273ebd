// Bits of four halves. WGSL leaves a conversion out of range open (the maximum or infinity, or anything), so what does
// not fit is found by its bits before narrowing: |v| >= 65520 becomes infinity, NaN becomes 0x7e00, both with their sign.
fn beyondHalf(v: vec4<f32>) -> vec4<bool> {
  return (bitcast<vec4<u32>>(v) & vec4<u32>(0x7fffffffu)) >= vec4<u32>(0x477ff000u);
}

fn narrow(v: vec4<f32>) -> vec2<u32> {
  let bits = bitcast<vec4<u32>>(v);
  let beyond = beyondHalf(v);
  let fitting = select(v, vec4<f32>(0.0), beyond);
  let halves = vec2<u32>(pack2x16float(fitting.xy), pack2x16float(fitting.zw));
  if !any(beyond) {
    return halves;
  }
  let isNan = (bits & vec4<u32>(0x7fffffffu)) > vec4<u32>(0x7f800000u);
  let special = select(vec4<u32>(0x7c00u), vec4<u32>(0x7e00u), isNan) | ((bits >> vec4<u32>(16u)) & vec4<u32>(0x8000u));
  let placed = select(vec4<u32>(0u), special, beyond);
  return halves | vec2<u32>(placed.x | (placed.y << 16u), placed.z | (placed.w << 16u));
}
