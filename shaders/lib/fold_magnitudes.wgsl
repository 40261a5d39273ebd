// Brings the sums of a workgroup's LANES invocations together in sums[0], and the largest of all in largest[0].
fn foldMagnitudes(lane: u32) {
  workgroupBarrier();
  for (var width = LANES / 2u; width > 0u; width /= 2u) {
    if lane < width {
      sums[lane] += sums[lane + width];
      largest[lane] = max(largest[lane], largest[lane + width]);
    }
    workgroupBarrier();
  }
}
