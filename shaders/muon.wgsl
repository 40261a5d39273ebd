// The second half of Muon: w -= lr o, where o is the orthogonalised direction, which takes the gradient's place.
// #include "interface/optimizer.wgsl"

struct Params {
  size: u32,
}

@group(0) @binding(5) var<uniform> params: Params;

fn update(quad: u32, _g: vec4<Acc>, w: vec4<Acc>) -> vec4<Acc> {
  return w - state.learningRate * in4(gradient[quad]);
}
