// LANES neighbouring invocations of a workgroup of 64 share a row of params.columns; `inside` tells which elements of a quad
// are in the row: with WHOLE all that an invocation meets.
fn rowOf(group: vec3<u32>, groups: vec3<u32>, lane: u32) -> u32 {
  return (group.y * groups.x + group.x) * (64u / LANES) + lane / LANES;
}

fn inside(quad: u32) -> vec4<bool> {
  if WHOLE {
    return vec4<bool>(true);
  }
  return vec4<u32>(quad * 4u) + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(params.columns);
}

// What `merged` makes of the values of a row's invocations, in their order: each of them gets it. By the whole workgroup,
// once; in two stages where they are more than eight.
fn foldLanes(lane: u32, value: Folded) -> Folded {
  const NEAR = min(LANES, 8u);
  folded[lane] = value;
  workgroupBarrier();
  let near = lane - lane % NEAR;
  var acc = folded[near];
  for (var i = 1u; i < NEAR; i++) {
    acc = merged(acc, folded[near + i]);
  }
  if LANES > NEAR {
    workgroupBarrier();
    folded[lane] = acc;
    workgroupBarrier();
    let first = lane - lane % LANES;
    acc = folded[first];
    for (var i = NEAR; i < LANES; i += NEAR) {
      acc = merged(acc, folded[first + i]);
    }
  }
  return acc;
}
