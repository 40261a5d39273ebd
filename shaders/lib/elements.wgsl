// Elements of x as they come in 16 bytes, a block: EACH of them, four, or eight halves.
fn halves(words: vec2<u32>) -> vec4<Acc> {
  return vec4<Acc>(vec4<f32>(unpack2x16float(words.x), unpack2x16float(words.y)));
}

// The first four of a block.
fn first4(block: vec4<u32>) -> vec4<Acc> {
  if EACH == 8u {
    return halves(block.xy);
  }
  return bitcast<vec4<Acc>>(block);
}

// The last four of a block of eight.
fn last4(block: vec4<u32>) -> vec4<Acc> {
  return halves(block.zw);
}

fn elementAt(i: u32) -> Acc {
  let block = x[i / EACH];
  if EACH == 8u {
    return Acc(unpack2x16float(block[(i >> 1u) & 3u])[i & 1u]);
  }
  return bitcast<vec4<Acc>>(block)[i & 3u];
}
