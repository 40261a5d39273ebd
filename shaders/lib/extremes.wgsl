// The larger and the smaller of two values, NaN where one is NaN: max and min would hide it. FLOATS: Acc is f32. Comparisons also
// because drivers make the max of widened halves one of halves, for which processors have no instruction: it takes three times as long.
fn eitherNan(p: vec4<Acc>, q: vec4<Acc>) -> vec4<bool> {
  let magnitude = vec4<u32>(0x7fffffffu);
  let infinity = vec4<u32>(0x7f800000u);
  let nan = ((bitcast<vec4<u32>>(p) & magnitude) > infinity) | ((bitcast<vec4<u32>>(q) & magnitude) > infinity);
  return nan & vec4<bool>(FLOATS);
}

fn larger(p: vec4<Acc>, q: vec4<Acc>) -> vec4<Acc> {
  return select(select(q, p, p > q), p + q, eitherNan(p, q));
}

fn smaller(p: vec4<Acc>, q: vec4<Acc>) -> vec4<Acc> {
  return select(select(q, p, p < q), p + q, eitherNan(p, q));
}
