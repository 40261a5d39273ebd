// Four halves in two words as their bits, and back: for kernels that move values and do not look at them.
fn bits4(v: Bits4) -> vec4<u32> {
  return vec4<u32>(v.x & 0xffffu, v.x >> 16u, v.y & 0xffffu, v.y >> 16u);
}

fn stored4(v: vec4<u32>) -> Bits4 {
  return vec2<u32>(v.x | (v.y << 16u), v.z | (v.w << 16u));
}
