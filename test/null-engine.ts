// An engine on Dawn's null backend, which computes nothing: shaders that no adapter here could run are compiled there.
import { create } from 'webgpu';
import type { MatrixConfig } from '../src/gpu/adapter.ts';
import type { Engine } from '../src/gpu/engine.ts';
import type { Call, Shader, Specialisation } from '../src/gpu/shader.ts';
import { openEngine } from '../src/kernels/open.ts';

// Dawn crashes when the instance is collected while a device of it lives.
const instance = create(['backend=null', 'enable-dawn-features=allow_unsafe_apis']) as GPU;

export interface Pretence {
  /** What `info.matrix` lists; the null backend lists none and compiles all. */
  readonly matrix?: readonly MatrixConfig[];
  /** What `info.subgroupSize` says; the null backend says 4 to 128, and checks against that. */
  readonly subgroupSize?: readonly [min: number, max: number];
}

/** An engine that takes every feature of WGSL. It is not made the default one. */
export function openNullEngine({ matrix = [], subgroupSize }: Pretence = {}): Promise<Engine> {
  const requestAdapter = async () => {
    const adapter = (await instance.requestAdapter())!;
    const { info, limits, features } = adapter;
    const [subgroupMinSize, subgroupMaxSize] = subgroupSize ?? [info.subgroupMinSize, info.subgroupMaxSize];
    const shown = {
      ...{ vendor: 'dawn', architecture: '', device: '', description: 'null backend' },
      ...{ subgroupMinSize, subgroupMaxSize, isFallbackAdapter: false },
      subgroupMatrixConfigs: matrix.map(({ m: M, n: N, k: K, input, output }) => ({
        ...{ M, N, K, componentType: input, resultComponentType: output },
      })),
    };
    const requestDevice = (descriptor: GPUDeviceDescriptor) => adapter.requestDevice(descriptor);
    return { info: shown, limits, features, requestDevice };
  };
  return openEngine({ gpu: { requestAdapter } as unknown as GPU });
}

/** Makes the pipeline of this specialisation. Throws `ShaderError` where it is refused, with file and line. */
export async function compile<S extends Shader>(
  engine: Engine,
  shader: S,
  choice: Specialisation<S>,
): Promise<void> {
  const storages = shader.bindings.map(
    ({ name }) => [name, engine.allocate(1024, 'step', 'compile')] as const,
  );
  const call = {
    ...choice,
    bindings: Object.fromEntries(storages),
    params: Object.fromEntries(shader.params.map(({ name }) => [name, 0])),
    workgroups: [1, 1, 1],
  };
  try {
    engine.run(shader, call as unknown as Call<S>);
    await engine.settle();
  } finally {
    for (const [, storage] of storages) engine.release(storage);
  }
}
