// y of interface/attention.wgsl, and statistics[i] = (peak, inverse), keys a tile at a time: a tile's weights go by the highest
// score so far, and what was summed before fades by exp(old peak - new peak) (Milakov and Gimelshein 2018, Dao et al. 2022).
// A workgroup makes 32 rows of y. Scores are not stored.
// #include "interface/attention.wgsl"

// Quads of a row of y that an invocation sums.
const SPAN = 2u;
// Below every score; finite, so that differences are.
const LEAST = -1.0e38;

@group(0) @binding(0) var<storage, read> q: array<In4>;
@group(0) @binding(1) var<storage, read> k: array<In4>;
@group(0) @binding(2) var<storage, read> v: array<In4>;
@group(0) @binding(3) var<storage, read> mask: array<u32>;
@group(0) @binding(4) var<storage, read_write> y: array<Out4>;
@group(0) @binding(5) var<storage, read_write> statistics: array<vec2<f32>>;
@group(0) @binding(6) var<uniform> params: Params;

// #include "lib/in.wgsl"
// #include "lib/narrow.wgsl"
// #include "lib/out.wgsl"
// #include "lib/attention.wgsl"

var<workgroup> left: array<vec4<f32>, 256>;
var<workgroup> right: array<vec4<f32>, 256>;
var<workgroup> weights: array<vec4<f32>, 256>;
var<workgroup> peaks: array<f32, 256>;
var<private> matrix: u32;

fn leftQuad(which: u32, row: u32, quad: u32) -> vec4<f32> {
  let at = (matrix * params.queries + min(row, params.queries - 1u)) * params.size + min(quad, params.size - 1u);
  return select(vec4<f32>(), in4(q[at]), row < params.queries && quad < params.size);
}

fn rightQuad(which: u32, row: u32, quad: u32) -> vec4<f32> {
  let at = (matrix * params.keys + min(row, params.keys - 1u)) * params.size + min(quad, params.size - 1u);
  return select(vec4<f32>(), in4(k[at]), row < params.keys && quad < params.size);
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
  var peak = vec4<f32>(LEAST);
  var total = vec4<f32>();
  let end = select(params.keys, min(params.keys, first + 32u), skipsLater());
  for (var start = 0u; start < end; start += 32u) {
    var scores = tileProducts(lane, 0u, first, start, params.size);
    let key = start + 4u * across;
    let inside = vec4<u32>(key) + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(params.keys);
    for (var i = 0u; i < 4u; i++) {
      var s = scores[i] * params.scale;
      if (params.causal | params.masked) != 0u {
        for (var j = 0u; j < 4u; j++) {
          if isHidden(matrix, first + down + i, key + j) {
            s[j] = params.lowest;
          }
        }
      }
      scores[i] = s;
      let own = select(vec4<f32>(LEAST), s, inside);
      peaks[(down + i) * 8u + across] = max(max(own.x, own.y), max(own.z, own.w));
    }
    workgroupBarrier();
    for (var i = 0u; i < 4u; i++) {
      var highest = peak[i];
      for (var t = 0u; t < 8u; t++) {
        highest = max(highest, peaks[(down + i) * 8u + t]);
      }
      let fade = exp(peak[i] - highest);
      let p = select(vec4<f32>(), exp(scores[i] - highest), inside);
      peak[i] = highest;
      total[i] = total[i] * fade + dot(p, vec4<f32>(1.0));
      weights[(down + i) * 8u + across] = p;
      for (var c = 0u; c < SPAN; c++) {
        acc[i * SPAN + c] *= fade;
      }
    }
    workgroupBarrier();
    let quads = min(8u, (params.keys - start + 3u) / 4u);
    for (var j = 0u; j < quads; j++) {
      var p: array<vec4<f32>, 4>;
      for (var i = 0u; i < 4u; i++) {
        p[i] = weights[(down + i) * 8u + j];
      }
      for (var c = 0u; c < SPAN; c++) {
        let quad = min(across + 8u * c, params.columns - 1u);
        var rows: array<vec4<f32>, 4>;
        for (var n = 0u; n < 4u; n++) {
          let place = start + 4u * j + n;
          let row = in4(v[(matrix * params.keys + min(place, params.keys - 1u)) * params.columns + quad]);
          rows[n] = select(vec4<f32>(), row, place < params.keys);
        }
        for (var i = 0u; i < 4u; i++) {
          acc[i * SPAN + c] += rows[0] * p[i].x + rows[1] * p[i].y + rows[2] * p[i].z + rows[3] * p[i].w;
        }
      }
    }
    workgroupBarrier();
  }
  for (var i = 0u; i < 4u; i++) {
    peaks[(down + i) * 8u + across] = total[i];
  }
  workgroupBarrier();
  for (var i = 0u; i < 4u; i++) {
    let row = first + down + i;
    if row < params.queries {
      var sum = 0.0;
      for (var t = 0u; t < 8u; t++) {
        sum += peaks[(down + i) * 8u + t];
      }
      let inverse = 1.0 / sum;
      if across == 0u {
        statistics[matrix * params.queries + row] = vec2<f32>(peak[i], inverse);
      }
      for (var c = 0u; c < SPAN; c++) {
        let quad = across + 8u * c;
        if quad < params.columns {
          y[(matrix * params.queries + row) * params.columns + quad] = out4(acc[i * SPAN + c] * inverse);
        }
      }
    }
  }
}
