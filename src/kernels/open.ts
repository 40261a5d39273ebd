/** Opens an engine that knows the shader libraries. */
import { libraries } from '../generated/shaders.ts';
import { Engine } from '../gpu/engine.ts';
import type { EngineOptions } from '../gpu/engine-options.ts';

export type OpenOptions = Omit<EngineOptions, 'libraries'>;

/** Throws `AdapterError`, `ArgumentError`. */
export async function openEngine(options: OpenOptions): Promise<Engine> {
  return Engine.open({ ...options, libraries });
}
