/** `halftape`: mixed-precision training on WebGPU, in any host that has `navigator.gpu`. */

import { libraries } from './generated/shaders.ts';
import { setDefaultEngine } from './gpu/default-engine.ts';
import { Engine, type EngineOptions } from './gpu/engine.ts';

export { type CustomGradient, customGradient, stopGradient } from './autograd/custom-gradient.ts';
export { type Jitted, jit } from './autograd/jit.ts';
export { type GradientOptions, GradientTape, type TapeOptions, valueAndGradients } from './autograd/tape.ts';
export { Tensor } from './autograd/tensor.ts';
export { keep, tidy } from './autograd/tidy.ts';
export type { EngineInfo, HalfForm } from './gpu/adapter.ts';
export type { Engine } from './gpu/engine.ts';
export type { MemoryReport } from './gpu/storage.ts';
export * from './ops/index.ts';
export type { DType, FloatDType } from './values/dtype.ts';
export * from './values/errors.ts';
export { fromHalf, fromHalves, roundToHalf, toHalf, toHalves } from './values/half.ts';
export type { NestedArray, TensorValues, TypedArray } from './values/nested.ts';
export type { Shape } from './values/shape.ts';

export type OpenOptions = Omit<EngineOptions, 'libraries'>;

/** Opens an engine on the adapter at hand and makes it the default. Throws `AdapterError`, `ArgumentError`. */
export async function open(options: OpenOptions = {}): Promise<Engine> {
  const engine = await Engine.open({ ...options, libraries });
  setDefaultEngine(engine);
  return engine;
}
