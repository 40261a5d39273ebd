/** Launches `schedule.wgsl`: the learning rate of a step, from the steps before it, into the optimizer's state. */
import { schedule } from '../generated/shaders.ts';
import type { Engine } from '../gpu/engine.ts';
import type { Storage } from '../gpu/storage.ts';
import { unusedStorage } from './operand.ts';

export interface ScheduleCall {
  readonly kind: Exclude<keyof typeof schedule.constants, symbol>;
  readonly numbers: { readonly [K in (typeof schedule.params)[number]['name']]?: number };
  /** Of `PIECEWISE`: boundaries, then values. */
  readonly points?: readonly number[];
}

export function scheduleKernel(
  engine: Engine,
  state: Storage,
  { kind, numbers, points }: ScheduleCall,
  window: number,
): void {
  const table = points && engine.store(Float32Array.from(points), 'step', 'schedule');
  engine.run(schedule, {
    types: {},
    overrides: { KIND: schedule.constants[kind] },
    bindings: { state, points: table ?? unusedStorage(engine) },
    params: {
      ...{ initial: 0, steps: 1, rate: 1, floor: 0, flag: 0, peak: 1, warmup: 0 },
      count: points ? (points.length - 1) / 2 : 0,
      ...numbers,
      window,
    },
    workgroups: [1, 1, 1],
  });
  if (table) engine.release(table);
}
