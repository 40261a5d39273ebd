// One invocation begins a step of adaptive loss scaling, by how the step before it ended. A skipped one: retreat + 1, and this
// step measures anew, as every refreshSteps-th does. growthSteps finite ones in a row: retreat - 1.
override WATCHES: bool = false;

struct Params {
  refreshSteps: u32,
  growthSteps: u32,
  mostRetreat: u32,
}

// Of the optimizer whose steps are watched; without WATCHES there is none, and no step counts as skipped.
@group(0) @binding(0) var<storage, read> optimizer: ScaleState;
@group(0) @binding(1) var<storage, read_write> state: AdaptiveState;
@group(0) @binding(2) var<uniform> params: Params;

// #include "lib/adaptive_state.wgsl"
// #include "lib/scale_state.wgsl"

@compute @workgroup_size(1)
fn main() {
  let skipped = WATCHES && optimizer.finite == 0u;
  state.finite += 1u;
  if skipped {
    state.retreat = min(state.retreat + 1u, params.mostRetreat);
    state.finite = 0u;
  } else if state.finite >= params.growthSteps {
    state.retreat -= min(state.retreat, 1u);
    state.finite = 0u;
  }
  state.refresh = select(0u, 1u, skipped || state.steps % params.refreshSteps == 0u);
  state.steps += 1u;
}
