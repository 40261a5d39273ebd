// Ends a step of a watch: which rows stored what is not finite (flags 1), which read such values and stored none (flags 2), and,
// where the step failed, which row was the first: kept for the first failed step and the latest. The words of steps are those
// of src/kernels/numerics.ts. One invocation a row; that of row 0 does the rest.
const NONE = 4294967295u;

struct Params {
  // 1: no op ran since the step before ended: another optimizer ends the same step.
  continues: u32,
  // 1: the gradients' overflow flag is word 0 of state; 0: it is word 0 of steps.
  checked: u32,
}

// Word 0 of the optimizer's state is the overflow flag, word 1 of that which has the scale in force the loss scale.
@group(0) @binding(0) var<storage, read> state: array<u32>;
@group(0) @binding(1) var<storage, read> scale: array<u32>;
@group(0) @binding(2) var<storage, read_write> steps: array<u32>;
@group(0) @binding(3) var<uniform> params: Params;

// #include "lib/grid.wgsl"
// #include "lib/tally.wgsl"

fn endRow(row: u32) {
  let at = flagsAt(row);
  let flags = steps[at];
  if (flags & STORED_UNFIT) != 0u {
    steps[at + 1u] += 1u;
  } else if flags == READ_UNFIT {
    steps[at + 2u] += 1u;
  }
  steps[at] = 0u;
}

fn noteFailure(at: u32) {
  steps[at] = steps[STEPS];
  steps[at + 1u] = steps[BEFORE];
  steps[at + 2u] = steps[BEFORE_KINDS];
  steps[at + 3u] = scale[1];
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let row = linearIndex(group, groups, lane, 64u);
  if row < steps[ROWS] {
    endRow(row);
  }
  if row != 0u {
    return;
  }
  if params.continues == 0u {
    steps[STEPS] += 1u;
    steps[BEFORE] = steps[FIRST];
    steps[BEFORE_KINDS] = steps[KINDS];
  }
  let failed = select(steps[UNCHECKED], state[0], params.checked == 1u) != 0u;
  if failed {
    steps[FAILED] += 1u;
    if steps[FAILED] == 1u {
      noteFailure(FIRST_FAILURE);
    }
    noteFailure(LATEST_FAILURE);
  }
  steps[UNCHECKED] = 0u;
  steps[FIRST] = NONE;
  steps[KINDS] = 0u;
}
