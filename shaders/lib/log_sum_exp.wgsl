// (m, log(sum of e^(x - m))) over a row of params.columns logits, m its maximum: two numbers, since their rounded sum
// would lose the second one beside large logits. By LANES neighbours of a workgroup of 64, which all get the result; the whole
// workgroup calls it, each with the row that is its own.
fn logitAt(i: u32) -> f32 {
  return in4(logits[i >> 2u])[i & 3u];
}

// The row of an invocation; beyond the last one there may be none.
fn rowOf(group: vec3<u32>, groups: vec3<u32>, lane: u32) -> u32 {
  return (group.y * groups.x + group.x) * (64u / LANES) + lane / LANES;
}

fn foldMax(lane: u32, value: f32) -> f32 {
  folded[lane] = value;
  workgroupBarrier();
  for (var width = LANES / 2u; width > 0u; width /= 2u) {
    if lane % LANES < width {
      folded[lane] = max(folded[lane], folded[lane + width]);
    }
    workgroupBarrier();
  }
  let result = folded[lane - lane % LANES];
  workgroupBarrier();
  return result;
}

fn foldSum(lane: u32, value: f32) -> f32 {
  folded[lane] = value;
  workgroupBarrier();
  for (var width = LANES / 2u; width > 0u; width /= 2u) {
    if lane % LANES < width {
      folded[lane] += folded[lane + width];
    }
    workgroupBarrier();
  }
  let result = folded[lane - lane % LANES];
  workgroupBarrier();
  return result;
}

fn logSumExp(row: u32, lane: u32) -> vec2<f32> {
  let first = row * params.columns;
  var largest = logitAt(first);
  for (var column = lane % LANES; column < params.columns; column += LANES) {
    largest = max(largest, logitAt(first + column));
  }
  largest = foldMax(lane, largest);
  var sum = 0.0;
  for (var column = lane % LANES; column < params.columns; column += LANES) {
    sum += exp(logitAt(first + column) - largest);
  }
  return vec2<f32>(largest, log(foldSum(lane, sum)));
}
