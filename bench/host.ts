/** What a replayed step costs the host: JavaScript's time for each dispatch, beside that of the bare WebGPU calls. */
import type { Engine, JitProgram, Tensor } from '../src/node.ts';
import { timingOf } from './measure.ts';
import type { StepFacts } from './rows.ts';

/** Rounds of a few calls, all of them in flight at once: with more, calls would wait for earlier ones. */
const ROUNDS = 120;
const CALLS = 4;
/** Large steps get fewer rounds. */
const MOST_MS = 3000;

/** Figures of one jitted step; `step` runs it once more. */
export async function hostFacts(
  engine: Engine,
  program: JitProgram,
  step: () => Tensor,
): Promise<Omit<StepFacts, 'model' | 'batch'>> {
  const report = program.report();
  const { dispatches } = report;
  const counts = await countsOf(engine, step);
  const { own, bare } = await inTurns(engine, step);
  return {
    dispatches,
    hostMicrosPerDispatch: (1e3 * own) / dispatches,
    bareMicrosPerDispatch: (1e3 * bare) / dispatches,
    ...counts,
    peakBytes: report.peak.bytes,
    activationBytes: report.peakOf('activations', 'gradients'),
    weightGradientBytes: report.peakOf('weight gradients'),
  };
}

/** Milliseconds of JavaScript in a call of `step`, and in the bare calls of one. */
async function inTurns(engine: Engine, step: () => Tensor) {
  const bare = await bareCalls(step);
  const rounds: { own: number; bare: number }[][] = [];
  const timed = (fn: () => Tensor | undefined) => {
    const start = performance.now();
    const result = fn();
    const ms = performance.now() - start;
    result?.dispose();
    return ms;
  };
  const begin = performance.now();
  while (rounds.length < ROUNDS && performance.now() - begin < MOST_MS) {
    // Call by call, either one first: where a processor plays the GPU, it is at work meanwhile, and slows both alike.
    const calls = Array.from({ length: 1 + CALLS }, (_, call) => {
      if (call % 2 === 0) return { own: timed(step), bare: timed(bare) };
      const first = timed(bare);
      return { own: timed(step), bare: first };
    });
    // After a wait everything is cold.
    rounds.push(calls.slice(1));
    await engine.settle();
  }
  // In the first half V8 still compiles.
  const counted = rounds.slice(rounds.length >> 1).flat();
  return {
    own: timingOf(counted.map((call) => call.own)).median,
    bare: timingOf(counted.map((call) => call.bare)).median,
  };
}

/** What one step makes, on the average of some. */
async function countsOf(engine: Engine, step: () => Tensor) {
  const steps = 32;
  const before = engine.made;
  for (let index = 0; index < steps; index++) {
    step().dispose();
    if (index % CALLS === CALLS - 1) await engine.settle();
  }
  await engine.settle();
  const after = engine.made;
  return {
    submits: (after.submits - before.submits) / steps,
    buffersCreated: (after.buffers - before.buffers) / steps,
    bindGroupsCreated: (after.bindGroups - before.bindGroups) / steps,
  };
}

type PassCall = (pass: GPUComputePassEncoder) => void;

/** What one replay asks of WebGPU, made again without anything around it: same pipelines, bind groups and params. */
async function bareCalls(step: () => Tensor) {
  const { globals } = await import('webgpu');
  const { GPUDevice, GPUComputePassEncoder } = globals as Record<string, { prototype: object }>;
  const calls: PassCall[] = [];
  let device: GPUDevice | undefined;
  const restore = [
    watch<GPUComputePassEncoder, 'setPipeline'>(GPUComputePassEncoder!, 'setPipeline', (_, [pipeline]) =>
      calls.push((pass) => pass.setPipeline(pipeline)),
    ),
    watch<GPUComputePassEncoder, 'setBindGroup'>(GPUComputePassEncoder!, 'setBindGroup', (_, args) => {
      const [index, group, offsets, start, count] = args as BindArguments;
      calls.push((pass) => pass.setBindGroup(index, group, offsets, start, count));
    }),
    watch<GPUComputePassEncoder, 'dispatchWorkgroups'>(
      GPUComputePassEncoder!,
      'dispatchWorkgroups',
      (_, [x, y, z]) => calls.push((pass) => pass.dispatchWorkgroups(x, y, z)),
    ),
    watch<GPUDevice, 'createCommandEncoder'>(GPUDevice!, 'createCommandEncoder', (self) => {
      device = self;
    }),
  ];
  try {
    step().dispose();
  } finally {
    for (const undo of restore) undo();
  }
  return () => {
    const encoder = device!.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (const call of calls) call(pass);
    pass.end();
    device!.queue.submit([encoder.finish()]);
    return undefined;
  };
}

type BindArguments = [number, GPUBindGroup, Uint32Array, number, number];

/** Tells `seen` of every call of a method until the result is called. */
function watch<T, K extends keyof T>(
  { prototype }: { prototype: object },
  method: K,
  seen: (self: T, args: T[K] extends (...args: infer A) => unknown ? A : never) => void,
): () => void {
  const methods = prototype as Record<K, (...args: unknown[]) => unknown>;
  const own = methods[method];
  methods[method] = function (this: T, ...args: unknown[]) {
    seen(this, args as Parameters<typeof seen>[1]);
    return own.apply(this, args);
  };
  return () => {
    methods[method] = own;
  };
}
