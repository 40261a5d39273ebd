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

// Of the values of a row's invocations, in two stages where they are more than eight.
fn foldMax(lane: u32, value: f32) -> f32 {
  const NEAR = min(LANES, 8u);
  folded[lane] = value;
  workgroupBarrier();
  var result = folded[lane - lane % NEAR];
  for (var i = 1u; i < NEAR; i++) {
    result = max(result, folded[lane - lane % NEAR + i]);
  }
  workgroupBarrier();
  if LANES > NEAR {
    folded[lane] = result;
    workgroupBarrier();
    result = folded[lane - lane % LANES];
    for (var i = NEAR; i < LANES; i += NEAR) {
      result = max(result, folded[lane - lane % LANES + i]);
    }
    workgroupBarrier();
  }
  return result;
}

fn foldSum(lane: u32, value: f32) -> f32 {
  const NEAR = min(LANES, 8u);
  folded[lane] = value;
  workgroupBarrier();
  var result = folded[lane - lane % NEAR];
  for (var i = 1u; i < NEAR; i++) {
    result += folded[lane - lane % NEAR + i];
  }
  workgroupBarrier();
  if LANES > NEAR {
    folded[lane] = result;
    workgroupBarrier();
    result = folded[lane - lane % LANES];
    for (var i = NEAR; i < LANES; i += NEAR) {
      result += folded[lane - lane % LANES + i];
    }
    workgroupBarrier();
  }
  return result;
}

fn logSumExp(row: u32, lane: u32) -> vec2<f32> {
  let first = row * params.columns;
  var largest = logitAt(first);
  var sum = 0.0;
  if WHOLE {
    let quads = params.columns >> 2u;
    var peaks = vec4<f32>(largest);
    for (var quad = lane % LANES; quad < quads; quad += LANES) {
      peaks = max(peaks, in4(logits[row * quads + quad]));
    }
    largest = foldMax(lane, max(max(peaks.x, peaks.y), max(peaks.z, peaks.w)));
    var sums = vec4<f32>();
    for (var quad = lane % LANES; quad < quads; quad += LANES) {
      sums += exp(in4(logits[row * quads + quad]) - largest);
    }
    sum = dot(sums, vec4<f32>(1.0));
  } else {
    for (var column = lane % LANES; column < params.columns; column += LANES) {
      largest = max(largest, logitAt(first + column));
    }
    largest = foldMax(lane, largest);
    for (var column = lane % LANES; column < params.columns; column += LANES) {
      sum += exp(logitAt(first + column) - largest);
    }
  }
  return vec2<f32>(largest, log(foldSum(lane, sum)));
}
