// dk[j] = scale sum over i of e[i, j] q[i] and dv[j] = sum over i of p[i, j] g[i], e as in attention_queries.wgsl: the gradients of
// attention by its keys and values, in the terms of interface/attention.wgsl. A workgroup makes 32 rows of both.
// #include "interface/attention.wgsl"

// Quads of a row of dk, and of dv, that an invocation sums.
const SPAN = 2u;
const VALUES = 2u;

@group(0) @binding(0) var<storage, read> q: array<In4>;
@group(0) @binding(1) var<storage, read> k: array<In4>;
@group(0) @binding(2) var<storage, read> v: array<In4>;
@group(0) @binding(3) var<storage, read> g: array<In4>;
@group(0) @binding(4) var<storage, read> mask: array<u32>;
@group(0) @binding(5) var<storage, read> rows: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> dk: array<Out4>;
@group(0) @binding(7) var<storage, read_write> dv: array<Out4>;
@group(0) @binding(8) var<uniform> params: Params;

// #include "lib/in.wgsl"
// #include "lib/narrow.wgsl"
// #include "lib/out.wgsl"
// #include "lib/attention.wgsl"

var<workgroup> left: array<vec4<f32>, 256>;
var<workgroup> right: array<vec4<f32>, 256>;
var<workgroup> weights: array<vec4<f32>, 256>;
var<private> matrix: u32;

// k and q, or v and g.
fn leftQuad(which: u32, row: u32, quad: u32) -> vec4<f32> {
  let place = matrix * params.keys + min(row, params.keys - 1u);
  if which == 0u {
    let own = in4(k[place * params.size + min(quad, params.size - 1u)]);
    return select(vec4<f32>(), own, row < params.keys && quad < params.size);
  }
  let own = in4(v[place * params.columns + min(quad, params.columns - 1u)]);
  return select(vec4<f32>(), own, row < params.keys && quad < params.columns);
}

fn rightQuad(which: u32, row: u32, quad: u32) -> vec4<f32> {
  let place = matrix * params.queries + min(row, params.queries - 1u);
  if which == 0u {
    let own = in4(q[place * params.size + min(quad, params.size - 1u)]);
    return select(vec4<f32>(), own, row < params.queries && quad < params.size);
  }
  let own = in4(g[place * params.columns + min(quad, params.columns - 1u)]);
  return select(vec4<f32>(), own, row < params.queries && quad < params.columns);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let tile = group.y * groups.x + group.x;
  let tilesDown = (params.keys + 31u) / 32u;
  matrix = tile / tilesDown;
  if tile >= params.matrices * tilesDown {
    return;
  }
  let first = tile % tilesDown * 32u;
  let down = lane / 8u * 4u;
  let across = lane % 8u;
  var byKeys: array<vec4<f32>, 4u * SPAN>;
  var byValues: array<vec4<f32>, 4u * VALUES>;
  for (var start = select(0u, first, skipsLater()); start < params.queries; start += 32u) {
    let scores = tileProducts(lane, 0u, first, start, params.size);
    let products = tileProducts(lane, 1u, first, start, params.columns);
    let query = start + 4u * across;
    var slopes: array<vec4<f32>, 4>;
    var own: array<vec4<f32>, 4>;
    for (var j = 0u; j < 4u; j++) {
      own[j] = rows[matrix * params.queries + min(query + j, params.queries - 1u)];
    }
    for (var i = 0u; i < 4u; i++) {
      let key = first + down + i;
      var p: vec4<f32>;
      var e: vec4<f32>;
      for (var j = 0u; j < 4u; j++) {
        let hidden = isHidden(matrix, query + j, key);
        let score = select(scores[i][j] * params.scale, params.lowest, hidden);
        let weight = select(0.0, exp(score - own[j].x) * own[j].y, query + j < params.queries && key < params.keys);
        p[j] = weight;
        e[j] = select(weight * (products[i][j] - own[j].z) * params.scale, 0.0, hidden);
      }
      weights[(down + i) * 8u + across] = p;
      slopes[i] = e;
    }
    workgroupBarrier();
    let quads = min(8u, (params.queries - start + 3u) / 4u);
    for (var j = 0u; j < quads; j++) {
      var p: array<vec4<f32>, 4>;
      for (var i = 0u; i < 4u; i++) {
        p[i] = weights[(down + i) * 8u + j];
      }
      for (var c = 0u; c < VALUES; c++) {
        let quad = min(across + 8u * c, params.columns - 1u);
        var upstream: array<vec4<f32>, 4>;
        for (var n = 0u; n < 4u; n++) {
          let place = start + 4u * j + n;
          let row = in4(g[(matrix * params.queries + min(place, params.queries - 1u)) * params.columns + quad]);
          upstream[n] = select(vec4<f32>(), row, place < params.queries);
        }
        for (var i = 0u; i < 4u; i++) {
          byValues[i * VALUES + c] += upstream[0] * p[i].x + upstream[1] * p[i].y + upstream[2] * p[i].z + upstream[3] * p[i].w;
        }
      }
    }
    workgroupBarrier();
    for (var i = 0u; i < 4u; i++) {
      weights[(down + i) * 8u + across] = slopes[i];
    }
    workgroupBarrier();
    for (var j = 0u; j < quads; j++) {
      var e: array<vec4<f32>, 4>;
      for (var i = 0u; i < 4u; i++) {
        e[i] = weights[(down + i) * 8u + j];
      }
      for (var c = 0u; c < SPAN; c++) {
        let quad = min(across + 8u * c, params.size - 1u);
        var queries: array<vec4<f32>, 4>;
        for (var n = 0u; n < 4u; n++) {
          let place = start + 4u * j + n;
          let row = in4(q[(matrix * params.queries + min(place, params.queries - 1u)) * params.size + quad]);
          queries[n] = select(vec4<f32>(), row, place < params.queries);
        }
        for (var i = 0u; i < 4u; i++) {
          byKeys[i * SPAN + c] += queries[0] * e[i].x + queries[1] * e[i].y + queries[2] * e[i].z + queries[3] * e[i].w;
        }
      }
    }
  }
  for (var i = 0u; i < 4u; i++) {
    let row = first + down + i;
    for (var c = 0u; c < SPAN; c++) {
      let quad = across + 8u * c;
      if row < params.keys && quad < params.size {
        dk[(matrix * params.keys + row) * params.size + quad] = out4(byKeys[i * SPAN + c]);
      }
    }
    for (var c = 0u; c < VALUES; c++) {
      let quad = across + 8u * c;
      if row < params.keys && quad < params.columns {
        dv[(matrix * params.keys + row) * params.columns + quad] = out4(byValues[i * VALUES + c]);
      }
    }
  }
}
