// Attention of matrices of queries q, keys k and values v, row-major, rows of whole quads: y[i] = sum over j of p[i, j] v[j],
// p[i, j] = exp(s[i, j] - peak[i]) * inverse[i], s[i, j] = scale q[i] . k[j], `lowest` where query i may not look at key j.
alias In4 = vec4<f32>;
alias Out4 = vec4<f32>;
alias Acc = f32;

struct Params {
  matrices: u32,
  queries: u32,
  keys: u32,
  size: u32,    // quads of a row of q and k
  columns: u32, // quads of a row of v
  scale: f32,
  lowest: f32,  // score of what is hidden
  causal: u32,  // whether keys after a query are
  masked: u32,  // whether the mask hides some
  inner: u32,   // the mask of a matrix begins at matrix / inner * maskOuter + matrix % inner * maskInner
  maskOuter: u32,
  maskInner: u32,
  maskRow: u32,
  maskColumn: u32,
}
