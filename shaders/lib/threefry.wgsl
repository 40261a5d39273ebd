// Threefry-2x32 with 20 rounds (Salmon et al., SC 2011): two random words for a key and a counter.
fn threefry(key: vec2<u32>, counter: vec2<u32>) -> vec2<u32> {
  var rotations = array<u32, 8>(13u, 15u, 26u, 6u, 17u, 29u, 16u, 24u);
  var keys = array<u32, 3>(key.x, key.y, key.x ^ key.y ^ 0x1bd11bdau);
  var x = counter.x + key.x;
  var y = counter.y + key.y;
  for (var round = 0u; round < 20u; round++) {
    let rotation = rotations[round & 7u];
    x += y;
    y = ((y << rotation) | (y >> (32u - rotation))) ^ x;
    if (round & 3u) == 3u {
      let injection = (round + 1u) / 4u;
      x += keys[injection % 3u];
      y += keys[(injection + 1u) % 3u] + injection;
    }
  }
  return vec2<u32>(x, y);
}
