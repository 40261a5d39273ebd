// Weights in f32; COPY: and as halves beside them.
fn weightAt(quad: u32) -> vec4<Acc> {
  return master[quad];
}

fn storeWeight(quad: u32, w: vec4<Acc>) {
  master[quad] = w;
  if COPY {
    halves[quad] = narrow(w);
  }
}
