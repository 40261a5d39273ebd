/** What a replayed step costs the host: JavaScript's time for each dispatch, beside that of the bare WebGPU calls. */
import type { Engine, JitProgram } from '../src/node.ts';
import type { StepFacts } from './rows.ts';

/** Calls of each kind that are timed, in turns of a few: more in flight at once would make calls wait. */
const TURNS = 40;
const CALLS = 4;

/** Figures of one jitted step; `step` runs it once more and lets go of its result. */
export async function hostFacts(
  engine: Engine,
  program: JitProgram,
  step: () => void,
): Promise<Omit<StepFacts, 'model' | 'batch'>> {
  const report = program.report();
  const bare = await bareCalls(report.dispatches);
  const own = { step: [] as number[], bare: [] as number[] };
  try {
    for (let turn = 0; turn < TURNS; turn++) {
      await engine.settle();
      for (let call = 0; call < CALLS; call++) own.step.push(timed(step));
      await engine.settle();
      for (let call = 0; call < CALLS; call++) own.bare.push(timed(bare.run));
      await bare.settle();
    }
  } finally {
    bare.dispose();
  }
  return {
    dispatches: report.dispatches,
    hostMicrosPerDispatch: (1e3 * median(own.step)) / report.dispatches,
    bareMicrosPerDispatch: (1e3 * median(own.bare)) / report.dispatches,
    ...(await countsOf(engine, step)),
    peakBytes: report.peak.bytes,
    activationBytes: report.peakOf('activations', 'gradients'),
    weightGradientBytes: report.peakOf('weight gradients'),
  };
}

/** What one step makes, on the average of some. */
async function countsOf(engine: Engine, step: () => void) {
  const steps = 32;
  const before = engine.made;
  for (let index = 0; index < steps; index++) {
    step();
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

function timed(fn: () => void): number {
  const start = performance.now();
  fn();
  return performance.now() - start;
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1]!;
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
    },
    settle: () => device.queue.onSubmittedWorkDone(),
    dispose: () => device.destroy(),
  };
}
