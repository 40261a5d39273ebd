// y[o, j, i] = x[o, i, j] for quads of i and of j: i is the last axis of y, and along axis j of y the neighbours in x lie. An
// invocation turns a block of four by four in registers, and a workgroup 32 by 32. Batches o have four axes b0 .. b3, with
// strides x0 .. x3 and y0 .. y3. Sizes and strides are in elements, all whole quads but for those of the batches.
alias Bits4 = vec4<u32>;

struct Params {
  tiles: u32, // of 32 by 32, in all batches
  rows: u32, // sizes of j, and of i
  columns: u32,
  xColumn: u32, // from i to i + 1 in x
  yRow: u32, // from j to j + 1 in y
  base: u32,
  b1: u32,
  b2: u32,
  b3: u32,
  x0: u32,
  x1: u32,
  x2: u32,
  x3: u32,
  y0: u32,
  y1: u32,
  y2: u32,
  y3: u32,
}

@group(0) @binding(0) var<storage, read> x: array<Bits4>;
@group(0) @binding(1) var<storage, read_write> y: array<Bits4>;
@group(0) @binding(2) var<uniform> params: Params;

// #include "lib/bits.wgsl"

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let tile = group.y * groups.x + group.x;
  let across = (params.columns + 31u) >> 5u;
  let down = (params.rows + 31u) >> 5u;
  let o = tile / (across * down);
  let place = tile % (across * down);
  // Neighbouring invocations read neighbouring quads of x.
  let j = (place / across * 8u + (lane & 7u)) * 4u;
  let i = (place % across * 8u + (lane >> 3u)) * 4u;
  let o3 = o % params.b3;
  let o2 = o / params.b3 % params.b2;
  let o1 = o / (params.b3 * params.b2) % params.b1;
  let o0 = o / (params.b3 * params.b2 * params.b1);
  if tile >= params.tiles || j >= params.rows || i >= params.columns {
    return;
  }
  let source = (params.base + o0 * params.x0 + o1 * params.x1 + o2 * params.x2 + o3 * params.x3 + i * params.xColumn + j) >> 2u;
  let goal = (o0 * params.y0 + o1 * params.y1 + o2 * params.y2 + o3 * params.y3 + j * params.yRow + i) >> 2u;
  let right = params.xColumn >> 2u;
  let below = params.yRow >> 2u;
  let a = bits4(x[source]);
  let b = bits4(x[source + right]);
  let c = bits4(x[source + 2u * right]);
  let d = bits4(x[source + 3u * right]);
  y[goal] = stored4(vec4<u32>(a.x, b.x, c.x, d.x));
  y[goal + below] = stored4(vec4<u32>(a.y, b.y, c.y, d.y));
  y[goal + 2u * below] = stored4(vec4<u32>(a.z, b.z, c.z, d.z));
  y[goal + 3u * below] = stored4(vec4<u32>(a.w, b.w, c.w, d.w));
}
