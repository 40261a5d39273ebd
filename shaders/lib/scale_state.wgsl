// State of one optimizer and its loss scale, 16 words of 4 bytes; src/kernels/scale_state.ts names the same words.
struct ScaleState {
  overflow: u32,       // set by finite_check, and by kernels whose flag it is, when a gradient of this step is not finite
  scale: f32,          // loss scale of the next step
  growthCounter: u32,  // finite steps since the scale last changed
  apply: u32,          // 1 when this step's update is to be applied
  inverse: f32,        // what the gradients that updates take are to be multiplied with
  skipped: u32,        // steps not applied, or windows of steps where they share one scale
  iterations: u32,
  learningRate: f32,
  beta1Power: f32,     // beta1^t after t applied steps
  beta2Power: f32,
  finite: u32,         // 1 when this step's gradients are finite, or all so far of a window with one scale
  arriving: f32,       // what this step's gradients are to be multiplied with
  gathered: u32,       // steps in the present window of gradient accumulation, this one included; where each has its own scale, finite ones
  endured: u32,        // overflows since the tolerance for them was last refilled, up to hysteresis
  inARow: u32,         // overflows since the last finite step
  reserved: u32,
}
