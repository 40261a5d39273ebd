// y[r, c] = (x[r, c] - centre[c]) * scale[c] + shift[c], rows x columns, by the factors of `column_factors`. An invocation owns a quad
// of columns in STRIP rows.
alias In4 = vec4<f32>;
alias Out4 = vec4<f32>;
alias Acc = f32;

const STRIP = 16u;

struct Params {
  rows: u32,
  quads: u32, // of columns
}

@group(0) @binding(0) var<storage, read> x: array<In4>;
@group(0) @binding(1) var<storage, read> factors: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> y: array<Out4>;
@group(0) @binding(3) var<uniform> params: Params;

// #include "lib/grid.wgsl"
// #include "lib/in.wgsl"
// #include "lib/narrow.wgsl"
// #include "lib/out.wgsl"
// #include "lib/quotient.wgsl"

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let index = linearIndex(group, groups, lane, 64u);
  let strip = quotient(index, params.quads);
  let quad = index - strip * params.quads;
  let centre = factors[3u * quad];
  let scale = factors[3u * quad + 1u];
  let shift = factors[3u * quad + 2u];
  let end = min((strip + 1u) * STRIP, params.rows);
  for (var row = strip * STRIP; row < end; row++) {
    let at = row * params.quads + quad;
    y[at] = out4((in4(x[at]) - centre) * scale + shift);
  }
}
