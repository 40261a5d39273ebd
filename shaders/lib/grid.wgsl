// Linear index of an invocation in a grid that was wrapped into y (one axis holds at most 65535 workgroups).
fn linearIndex(group: vec3<u32>, groups: vec3<u32>, lane: u32, size: u32) -> u32 {
  return (group.y * groups.x + group.x) * size + lane;
}
