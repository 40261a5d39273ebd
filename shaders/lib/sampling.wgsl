// Along one axis result o lies at (scale * o + shift) / unit of the input, in whole numbers, so that nothing is rounded before
// the place is known; what lies before the first element is at the first.
struct Neighbours {
  low: u32,
  high: u32,
  part: Acc, // of the way from the low one to the high one
}

fn neighboursOf(o: u32, axis: vec4<i32>) -> Neighbours {
  let at = u32(max(axis.x * i32(o) + axis.y, 0));
  let unit = u32(axis.z);
  let last = u32(axis.w) - 1u;
  let low = min(at / unit, last);
  if NEAREST {
    return Neighbours(low, low, Acc(0));
  }
  return Neighbours(low, min(low + 1u, last), Acc(at % unit) / Acc(unit));
}

// What element i of the input counts for result o.
fn weightOf(i: u32, o: u32, axis: vec4<i32>) -> Acc {
  let own = neighboursOf(o, axis);
  return select(Acc(0), 1 - own.part, own.low == i) + select(Acc(0), own.part, own.high == i);
}

// The first result that lies at element i or behind it.
fn firstAt(i: i32, axis: vec4<i32>) -> u32 {
  return u32(max((i * axis.z - axis.y + axis.x - 1) / axis.x, 0));
}

fn down() -> vec4<i32> {
  return vec4<i32>(params.scaleDown, params.shiftDown, params.unitDown, params.height);
}

fn across() -> vec4<i32> {
  return vec4<i32>(params.scaleAcross, params.shiftAcross, params.unitAcross, params.width);
}
