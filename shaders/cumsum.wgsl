// Running sums along the middle axis of x, outer by length by across, all in quads: y[o, s] = x[o, 0] + .. + x[o, s]. REVERSE counts s
// from the end, EXCLUSIVE leaves out x[o, s]. With ROWS across is 1 and the four elements of a quad follow each other, else they
// stand side by side. The axis is cut into chunks: TOTALS gives the sum of each, and STARTS takes what comes before each.
alias In4 = vec4<f32>;
alias Out4 = vec4<f32>;
alias Acc = f32;

override ROWS: bool = false;
override REVERSE: bool = false;
override EXCLUSIVE: bool = false;
override TOTALS: bool = false;
override STARTS: bool = false;

struct Params {
  count: u32, // outer chunks across
  length: u32,
  across: u32,
  chunk: u32,
  chunks: u32,
}

@group(0) @binding(0) var<storage, read> x: array<In4>;
@group(0) @binding(1) var<storage, read> starts: array<vec4<Acc>>;
@group(0) @binding(2) var<storage, read_write> y: array<Out4>;
@group(0) @binding(3) var<uniform> params: Params;

// #include "lib/grid.wgsl"
// #include "lib/in.wgsl"
// #include "lib/narrow.wgsl"
// #include "lib/out.wgsl"

// Running sums that begin with acc, v included.
fn running(acc: vec4<Acc>, v: vec4<Acc>) -> vec4<Acc> {
  if !ROWS {
    return acc + v;
  }
  var sums: vec4<Acc>;
  if REVERSE {
    sums.w = acc.w + v.w;
    sums.z = sums.w + v.z;
    sums.y = sums.z + v.y;
    sums.x = sums.y + v.x;
  } else {
    sums.x = acc.x + v.x;
    sums.y = sums.x + v.y;
    sums.z = sums.y + v.z;
    sums.w = sums.z + v.w;
  }
  return sums;
}

// The sum behind the last of a quad's, in all four places.
fn carried(sums: vec4<Acc>) -> vec4<Acc> {
  if !ROWS {
    return sums;
  }
  return select(sums.wwww, sums.xxxx, REVERSE);
}

// The sums that leave out their own value.
fn before(acc: vec4<Acc>, sums: vec4<Acc>) -> vec4<Acc> {
  if !ROWS {
    return acc;
  }
  return select(vec4<Acc>(acc.x, sums.xyz), vec4<Acc>(sums.yzw, acc.x), REVERSE);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let index = linearIndex(group, groups, lane, 64u);
  if index >= params.count {
    return;
  }
  let line = index / params.across;
  let quad = index - line * params.across;
  let o = line / params.chunks;
  let begin = (line - o * params.chunks) * params.chunk;
  let end = min(begin + params.chunk, params.length);
  var acc = vec4<Acc>();
  if STARTS {
    acc = starts[index];
  }
  for (var step = begin; step < end; step++) {
    let s = select(step, params.length - 1u - step, REVERSE);
    let at = (o * params.length + s) * params.across + quad;
    let sums = running(acc, in4(x[at]));
    if !TOTALS {
      y[at] = out4(select(sums, before(acc, sums), EXCLUSIVE));
    }
    acc = carried(sums);
  }
  if TOTALS {
    y[index] = out4(acc);
  }
}
