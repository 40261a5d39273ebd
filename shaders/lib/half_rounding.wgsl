// Bits of four halves, rounded on bits alone, so that every device does the same: what is added to the bits that a half does not
// have carries into those that it has. Half of their range, ties to even, rounds to nearest; a random number as often as it should,
// though never from a number to infinity. As lib/narrow.wgsl has it |v| >= 65520 becomes infinity and NaN 0x7e00.
fn nearestHalves(v: vec4<f32>) -> vec2<u32> {
  return roundedHalves(v, vec4<u32>(), false);
}

fn randomHalves(v: vec4<f32>, random: vec4<u32>) -> vec2<u32> {
  return roundedHalves(v, random, true);
}

fn roundedHalves(v: vec4<f32>, random: vec4<u32>, isRandom: bool) -> vec2<u32> {
  let bits = bitcast<vec4<u32>>(v);
  let magnitude = bits & vec4<u32>(0x7fffffffu);
  let exponent = magnitude >> vec4<u32>(23u);
  // 113 is that of 2^-14: smaller halves have fewer bits.
  let normal = max(exponent, vec4<u32>(113u));
  let missing = vec4<u32>(13u) + normal - exponent;
  let dropped = min(missing, vec4<u32>(31u));
  let whole = (magnitude & vec4<u32>(0x7fffffu)) | vec4<u32>(0x800000u);
  let significand = whole >> min(missing - dropped, vec4<u32>(31u));
  let below = (vec4<u32>(1u) << dropped) - vec4<u32>(1u);
  let middle = (below >> vec4<u32>(1u)) + ((significand >> dropped) & vec4<u32>(1u));
  let added = select(middle, random & below, isRandom);
  let rounded = ((normal - vec4<u32>(113u)) << vec4<u32>(10u)) + ((significand + added) >> dropped);
  let special = select(vec4<u32>(0x7c00u), vec4<u32>(0x7e00u), magnitude > vec4<u32>(0x7f800000u));
  let half = select(min(rounded, vec4<u32>(0x7bffu)), special, beyondHalf(v)) | ((bits >> vec4<u32>(16u)) & vec4<u32>(0x8000u));
  return vec2<u32>(half.x | (half.y << 16u), half.z | (half.w << 16u));
}
