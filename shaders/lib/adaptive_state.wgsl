// What the layers of one adaptive loss scale share; src/kernels/layer_scale.ts names the same words.
struct AdaptiveState {
  steps: u32,    // begun so far
  refresh: u32,  // 1 when this step measures anew, 0 when layers keep their scales
  retreat: u32,  // powers of two by which all layers stay below what the rule gives, since steps overflowed
  finite: u32,   // finite steps since retreat last changed
}
