// (mean, sum of squared distances from it, count) of two sets together (Chan, Golub and LeVeque 1979).
fn mergedMoments(a: vec3<f32>, b: vec3<f32>) -> vec3<f32> {
  let count = a.z + b.z;
  let share = b.z / max(count, 1.0);
  let d = b.x - a.x;
  return vec3<f32>(a.x + d * share, a.y + b.y + d * d * (a.z * share), count);
}
