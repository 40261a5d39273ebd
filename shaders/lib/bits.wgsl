// Four elements as their bits, and back: for kernels that move values and do not look at them.
fn bits4(v: Bits4) -> vec4<u32> {
  return v;
}

fn stored4(v: vec4<u32>) -> Bits4 {
  return v;
}
