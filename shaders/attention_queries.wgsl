// dq[i] = scale sum over j of e[i, j] k[j], e[i, j] = p[i, j] (g[i] . v[j] - rows[i].z), 0 where hidden: the gradient of attention by
// its queries, in the terms of interface/attention.wgsl; rows as attention_rows makes them. A workgroup makes 32 rows of dq.
// #include "interface/attention.wgsl"

// Quads of a row of dq that an invocation sums.
const SPAN = 2u;

@group(0) @binding(0) var<storage, read> q: array<In4>;
@group(0) @binding(1) var<storage, read> k: array<In4>;
@group(0) @binding(2) var<storage, read> v: array<In4>;
@group(0) @binding(3) var<storage, read> g: array<In4>;
@group(0) @binding(4) var<storage, read> mask: array<u32>;
@group(0) @binding(5) var<storage, read> rows: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> dq: array<Out4>;
@group(0) @binding(7) var<uniform> params: Params;

// #include "lib/in.wgsl"
// #include "lib/narrow.wgsl"
// #include "lib/out.wgsl"
// #include "lib/attention.wgsl"

var<workgroup> left: array<vec4<f32>, 256>;
var<workgroup> right: array<vec4<f32>, 256>;
var<workgroup> weights: array<vec4<f32>, 256>;
var<private> matrix: u32;

// q and k, or g and v.
fn leftQuad(which: u32, row: u32, quad: u32) -> vec4<f32> {
  let place = matrix * params.queries + min(row, params.queries - 1u);
  if which == 0u {
    let own = in4(q[place * params.size + min(quad, params.size - 1u)]);
    return select(vec4<f32>(), own, row < params.queries && quad < params.size);
  }
  let own = in4(g[place * params.columns + min(quad, params.columns - 1u)]);
  return select(vec4<f32>(), own, row < params.queries && quad < params.columns);
}

fn rightQuad(which: u32, row: u32, quad: u32) -> vec4<f32> {
  let place = matrix * params.keys + min(row, params.keys - 1u);
  if which == 0u {
    let own = in4(k[place * params.size + min(quad, params.size - 1u)]);
    return select(vec4<f32>(), own, row < params.keys && quad < params.size);
  }
  let own = in4(v[place * params.columns + min(quad, params.columns - 1u)]);
  return select(vec4<f32>(), own, row < params.keys && quad < params.columns);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let tile = group.y * groups.x + group.x;
  let tilesDown = (params.queries + 31u) / 32u;
  matrix = tile / tilesDown;
  if tile >= params.matrices * tilesDown {
    return;
  }
  let first = tile % tilesDown * 32u;
  let down = lane / 8u * 4u;
  let across = lane % 8u;
  var acc: array<vec4<f32>, 4u * SPAN>;
  let end = select(params.keys, min(params.keys, first + 32u), skipsLater());
  for (var start = 0u; start < end; start += 32u) {
    let scores = tileProducts(lane, 0u, first, start, params.size);
    let products = tileProducts(lane, 1u, first, start, params.columns);
    let key = start + 4u * across;
    for (var i = 0u; i < 4u; i++) {
      let query = first + down + i;
      let row = rows[matrix * params.queries + min(query, params.queries - 1u)];
      var e = exp(scores[i] * params.scale - row.x) * row.y * (products[i] - row.z) * params.scale;
      for (var j = 0u; j < 4u; j++) {
        if key + j >= params.keys || isHidden(matrix, query, key + j) {
          e[j] = 0.0;
        }
      }
      weights[(down + i) * 8u + across] = e;
    }
    workgroupBarrier();
    let quads = min(8u, (params.keys - start + 3u) / 4u);
    for (var j = 0u; j < quads; j++) {
      var e: array<vec4<f32>, 4>;
      for (var i = 0u; i < 4u; i++) {
        e[i] = weights[(down + i) * 8u + j];
      }
      for (var c = 0u; c < SPAN; c++) {
        let quad = min(across + 8u * c, params.size - 1u);
        var keys: array<vec4<f32>, 4>;
        for (var n = 0u; n < 4u; n++) {
          let place = start + 4u * j + n;
          let row = in4(k[(matrix * params.keys + min(place, params.keys - 1u)) * params.size + quad]);
          keys[n] = select(vec4<f32>(), row, place < params.keys);
        }
        for (var i = 0u; i < 4u; i++) {
          acc[i * SPAN + c] += keys[0] * e[i].x + keys[1] * e[i].y + keys[2] * e[i].z + keys[3] * e[i].w;
        }
      }
    }
  }
  for (var i = 0u; i < 4u; i++) {
    let row = first + down + i;
    for (var c = 0u; c < SPAN; c++) {
      let quad = across + 8u * c;
      if row < params.queries && quad < params.size {
        dq[(matrix * params.queries + row) * params.size + quad] = out4(acc[i * SPAN + c]);
      }
    }
  }
}
