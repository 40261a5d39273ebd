/** Opens an engine that knows the shader libraries, and what was measured on its adapter before. */
import { libraries } from '../generated/shaders.ts';
import { Engine } from '../gpu/engine.ts';
import { type EngineOptions, PLAIN_HOST } from '../gpu/engine-options.ts';
import { checkOptions } from '../values/options.ts';
import { type GemmOptions, setUpChoices } from './gemm/choice.ts';

export interface OpenOptions extends Omit<EngineOptions, 'libraries'> {
  /** How kernels of matrix products are chosen. */
  gemm?: GemmOptions;
}

/** Throws `AdapterError`, `ArgumentError`. */
export async function openEngine({ gemm = {}, ...options }: OpenOptions): Promise<Engine> {
  checkOptions('open: gemm', gemm, ['tune', 'choices']);
  const engine = await Engine.open({ ...options, libraries });
  await setUpChoices(engine, gemm, options.host?.notes ?? PLAIN_HOST.notes);
  return engine;
}
