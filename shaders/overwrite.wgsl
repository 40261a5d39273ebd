// The gradient replaces the weights, as it arrives: for variables that are statistics rather than parameters (Keras's
// overwrite_with_gradient); or what a constraint makes of the weights.
// #include "interface/optimizer.wgsl"

struct Params {
  size: u32,
}

@group(0) @binding(5) var<uniform> params: Params;

fn update(quad: u32, _g: vec4<Acc>, _w: vec4<Acc>) -> vec4<Acc> {
  return in4(gradient[quad]);
}
