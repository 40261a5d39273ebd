/** How many invocations share a row, and how much of it each holds: for kernels on `lib/lanes.wgsl` and `lib/log_sum_exp.wgsl`. */
import { linearGrid, type Workgroups } from '../gpu/shader.ts';

/** Quads that an invocation holds at most. */
const HELD = 8;
const WORKGROUP = 64;

export function rowGrid(
  rows: number,
  columns: number,
): {
  readonly constants: { readonly LANES: number; readonly HELD: number };
  /** Whether an invocation holds quads of the row alone, and whole ones. */
  readonly whole: boolean;
  readonly workgroups: Workgroups;
} {
  const quads = Math.ceil(columns / 4);
  let lanes = 1;
  while (lanes < WORKGROUP && lanes * HELD < quads) lanes *= 2;
  const held = Math.min(HELD, Math.ceil(quads / lanes));
  return {
    constants: { LANES: lanes, HELD: held },
    whole: columns % (4 * lanes * held) === 0,
    workgroups: linearGrid(Math.ceil(rows / (WORKGROUP / lanes)), 1),
  };
}

/** Elements of a row that an invocation takes before it gets another one beside it: quads where rows are whole ones. */
const [SHARE, WHOLE_SHARE] = [8, 32];

/** The same for kernels that hold nothing and walk along rows. */
export function rowLanes(
  rows: number,
  columns: number,
): { readonly constants: { readonly LANES: number }; readonly workgroups: Workgroups } {
  const share = columns % 4 === 0 ? WHOLE_SHARE : SHARE;
  let lanes = 1;
  while (lanes < WORKGROUP && lanes * share < columns) lanes *= 2;
  return {
    constants: { LANES: lanes },
    workgroups: linearGrid(Math.ceil(rows / (WORKGROUP / lanes)), 1),
  };
}
