// The first half of Muon (Jordan et al. 2024, in Keras's form): m = momentum m + g; the direction is m or, with NESTEROV,
// momentum m + g. The weights stay.
// #include "interface/optimizer.wgsl"

override NESTEROV: bool = false;

struct Params {
  size: u32,
  momentum: f32,
}

@group(0) @binding(5) var<storage, read_write> momentum: array<Out4>;
@group(0) @binding(6) var<storage, read_write> direction: array<vec4<f32>>;
@group(0) @binding(7) var<uniform> params: Params;

fn update(quad: u32, g: vec4<Acc>, w: vec4<Acc>) -> vec4<Acc> {
  let m = params.momentum * own4(momentum[quad]) + g;
  momentum[quad] = out4(m);
  direction[quad] = select(m, params.momentum * m + g, NESTEROV);
  return w;
}
