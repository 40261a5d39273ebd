// The start of a reduction whose first value is x, and its step; MAX and MIN start from a value of their own, since no
// finite number stands below an infinity.
fn begin(x: vec4<Acc>) -> vec4<Acc> {
  switch OP {
    case MAX, MIN: { return x; }
    case PROD: { return vec4<Acc>(1); }
    default: { return vec4<Acc>(0); }
  }
}

fn combine(p: vec4<Acc>, q: vec4<Acc>) -> vec4<Acc> {
  switch OP {
    case MAX: { return larger(p, q); }
    case MIN: { return smaller(p, q); }
    case PROD: { return p * q; }
    default: { return p + q; }
  }
}
