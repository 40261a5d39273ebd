/** How many invocations share a row, and how much of it each holds: for kernels on `lib/lanes.wgsl` and `lib/log_sum_exp.wgsl`. */
import { linearGrid, type Workgroups } from '../gpu/shader.ts';

/** Quads that an invocation holds at most. */
const HELD = 8;
const WORKGROUP = 64;

export function rowGrid(
  rows: number,
  quads: number,
): {
  readonly constants: { readonly LANES: number; readonly HELD: number };
  readonly workgroups: Workgroups;
} {
  let lanes = 1;
  while (lanes < WORKGROUP && lanes * HELD < quads) lanes *= 2;
  let held = 1;
  while (held < HELD && lanes * held < quads) held *= 2;
  return {
    constants: { LANES: lanes, HELD: held },
    workgroups: linearGrid(Math.ceil(rows / (WORKGROUP / lanes)), 1),
  };
}

/** Elements of a row that an invocation takes before it gets another one beside it. */
const SHARE = 8;

/** The same for kernels that hold nothing and walk along rows element by element. */
export function rowLanes(
  rows: number,
  columns: number,
): { readonly constants: { readonly LANES: number }; readonly workgroups: Workgroups } {
  let lanes = 1;
  while (lanes < WORKGROUP && lanes * SHARE < columns) lanes *= 2;
  return {
    constants: { LANES: lanes },
    workgroups: linearGrid(Math.ceil(rows / (WORKGROUP / lanes)), 1),
  };
}
