// The values of each row of x, rows by columns, as (key, place in the row), in chunks of 256 that are sorted by key and, where
// keys are equal, by place. A workgroup owns a chunk, and counts for each value those that come before it.
alias In4 = vec4<f32>;
alias Acc = f32;

override SORTED: u32 = 0;
override DESCENDING: bool = false;

// Floats, i32, and u32 or i32 by their bits.
const FLOATS = 0u;
const INTEGERS = 1u;
const WORDS = 2u;

const LANES = 64u;
const CHUNK = 256u;

struct Params {
  rows: u32,
  columns: u32,
}

@group(0) @binding(0) var<storage, read> x: array<In4>;
@group(0) @binding(1) var<storage, read_write> sorted: array<vec2<u32>>;
@group(0) @binding(2) var<uniform> params: Params;

// #include "lib/in.wgsl"
// #include "lib/order.wgsl"

var<workgroup> keys: array<vec4<u32>, LANES>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let chunks = (params.columns + CHUNK - 1u) / CHUNK;
  let chunk = group.y * groups.x + group.x;
  let row = chunk / chunks;
  if row >= params.rows {
    return;
  }
  let begin = (chunk - row * chunks) * CHUNK;
  let count = min(CHUNK, params.columns - begin);
  let first = row * params.columns + begin;
  let own = lane * 4u;
  // What is not there comes last.
  var mine = vec4<u32>(0xffffffffu);
  for (var j = 0u; j < 4u; j++) {
    if own + j < count {
      let i = first + own + j;
      mine[j] = keyOf(in4(x[i >> 2u])[i & 3u]);
    }
  }
  keys[lane] = mine;
  workgroupBarrier();
  if own >= count {
    return;
  }
  var rank = vec4<u32>();
  for (var quad = 0u; quad * 4u < count; quad++) {
    let other = keys[quad];
    let places = vec4<u32>(quad * 4u) + vec4<u32>(0u, 1u, 2u, 3u);
    for (var j = 0u; j < 4u; j++) {
      let before = (other < vec4<u32>(mine[j])) | ((other == vec4<u32>(mine[j])) & (places < vec4<u32>(own + j)));
      let ones = select(vec4<u32>(0u), vec4<u32>(1u), before);
      rank[j] += ones.x + ones.y + ones.z + ones.w;
    }
  }
  for (var j = 0u; j < 4u; j++) {
    if own + j < count {
      sorted[first + rank[j]] = vec2<u32>(mine[j], begin + own + j);
    }
  }
}
