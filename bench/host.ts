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
  const { own, bare } = await inTurns(engine, step, dispatches);
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

/** Milliseconds of JavaScript in a call of `step`, and in as many bare dispatches. */
async function inTurns(engine: Engine, step: () => Tensor, dispatches: number) {
  const bare = await bareCalls(dispatches);
  const rounds: { own: number; bare: number }[][] = [];
  const timed = (fn: () => Tensor | undefined) => {
    const start = performance.now();
    const result = fn();
    const ms = performance.now() - start;
    result?.dispose();
    return ms;
  };
  try {
    const begin = performance.now();
    while (rounds.length < ROUNDS && performance.now() - begin < MOST_MS) {
      // Call by call: where a processor plays the GPU, it is at work meanwhile, and slows both alike.
      const calls = Array.from({ length: 1 + CALLS }, () => ({ own: timed(step), bare: timed(bare.run) }));
      // After a wait everything is cold.
      rounds.push(calls.slice(1));
      await engine.settle();
      await bare.settle();
    }
  } finally {
    bare.dispose();
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

// Dawn's instance: once collected while its device lives, the process crashes.
let instance: GPU | undefined;

/** As many dispatches of a shader that does nothing as a step has, in one pass: pipelines, bind groups and params of their own. */
async function bareCalls(count: number) {
  const { create } = await import('webgpu');
  instance ??= create([]) as GPU;
  const adapter = await instance.requestAdapter({ powerPreference: 'high-performance' });
  const device = await adapter!.requestDevice();
  const [storage, uniform] = [0x80, 0x40];
  const layout = device.createBindGroupLayout({
    entries: [
      ...[0, 1, 2].map((binding) => ({
        ...{ binding, visibility: 4 },
        buffer: { type: binding === 2 ? 'storage' : 'read-only-storage' } as const,
      })),
      { binding: 3, visibility: 4, buffer: { type: 'uniform', hasDynamicOffset: true } },
    ],
  });
  const code = `@group(0) @binding(2) var<storage, read_write> y: array<vec4<f32>>;
    @group(0) @binding(3) var<uniform> size: u32;
    @compute @workgroup_size(1) fn main(@builtin(global_invocation_id) id: vec3<u32>) {
      if id.x < size { y[id.x] = vec4<f32>(1.0); }
    }`;
  const module = device.createShaderModule({ code });
  const pipelineLayout = device.createPipelineLayout({ bindGroupLayouts: [layout] });
  const params = device.createBuffer({ size: 256 * count, usage: uniform });
  const steps = Array.from({ length: count }, (_, index) => {
    const buffers = [0, 1, 2].map(() => device.createBuffer({ size: 256, usage: storage }));
    return {
      offset: 256 * index,
      pipeline: device.createComputePipeline({ layout: pipelineLayout, compute: { module } }),
      group: device.createBindGroup({
        layout,
        entries: [
          ...buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
          { binding: 3, resource: { buffer: params, size: 256 } },
        ],
      }),
    };
  });
  return {
    run: () => {
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      for (const { offset, pipeline, group } of steps) {
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, group, [offset]);
        pass.dispatchWorkgroups(1, 1, 1);
      }
      pass.end();
      device.queue.submit([encoder.finish()]);
      return undefined;
    },
    settle: () => device.queue.onSubmittedWorkDone(),
    dispose: () => device.destroy(),
  };
}
