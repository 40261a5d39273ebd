// Counts one draw of the random generator, on the GPU so that a replayed program draws new numbers.
struct Params {
  draws: u32,
}

@group(0) @binding(0) var<storage, read_write> generator: array<u32>;
@group(0) @binding(1) var<uniform> params: Params;

@compute @workgroup_size(1)
fn main() {
  generator[1] += params.draws;
}
