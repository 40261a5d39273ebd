/** `halftape`: mixed-precision training on WebGPU, in any host that has `navigator.gpu`. */

import { setDefaultEngine } from './gpu/default-engine.ts';
import type { Engine } from './gpu/engine.ts';
import { type OpenOptions as EngineOptions, openEngine } from './kernels/open.ts';
import { type PolicyLike, setGlobalPolicy, toPolicy } from './precision/policy.ts';
import { checkOptions } from './values/options.ts';

export { checkpoint } from './autograd/checkpoint.ts';
export { memory, variable } from './autograd/creation.ts';
export { type CustomGradient, customGradient, stopGradient } from './autograd/custom-gradient.ts';
export { type JitProgram, type Jitted, jit } from './autograd/jit.ts';
export type { ExplainedCast, ExplainedOp, PrecisionReport } from './autograd/precision-report.ts';
export { type GradientOptions, GradientTape, type TapeOptions, valueAndGradients } from './autograd/tape.ts';
export { Tensor } from './autograd/tensor.ts';
export { keep, tidy } from './autograd/tidy.ts';
export { Variable } from './autograd/variable.ts';
export { type ExecuteOptions, GraphModel } from './convert/graph/graph-model.ts';
export type { GraphInputs, GraphPort } from './convert/graph/ports.ts';
export { type LoadGraphOptions, loadGraphModel } from './convert/load-graph-model.ts';
export { type LoadOptions, loadModel, type ModelSource } from './convert/load-model.ts';
export { saveGraphModel, type WriteGraphOptions } from './convert/save-graph-model.ts';
export {
  type ModelTarget,
  type SaveOptions,
  type SaveTarget,
  saveModel,
} from './convert/save-model.ts';
export type { EngineInfo, HalfForm, MatrixConfig } from './gpu/adapter.ts';
export type { Engine } from './gpu/engine.ts';
export type { Profile } from './gpu/profile.ts';
export type { ProgramReport } from './gpu/program-report.ts';
export type { Kind, MemoryReport } from './gpu/storage.ts';
export type { GemmChoices, GemmOptions } from './kernels/gemm/choice.ts';
export type { Tuned } from './kernels/gemm/tune.ts';
export * from './nn/index.ts';
export * from './ops/index.ts';
export { type Accumulate, type StudyMatMulOptions, study } from './ops/study.ts';
export {
  type AutocastOptions,
  autocast,
  type ListChange,
  type PytorchRules,
  type TensorflowRules,
} from './precision/autocast.ts';
export type { DType, FloatDType } from './values/dtype.ts';
export * from './values/errors.ts';
export { fromHalf, fromHalves, roundToHalf, toHalf, toHalves } from './values/half.ts';
export type { NestedArray, TensorValues, TypedArray } from './values/nested.ts';
export type { Shape } from './values/shape.ts';

export interface OpenOptions extends EngineOptions {
  /** The global policy from now on. Default: as it is, `float32` at the start. */
  policy?: PolicyLike;
}

const OPTIONS = ['gpu', 'f16', 'powerPreference', 'memoryBudget', 'seed', 'host', 'policy', 'gemm'];

/** Opens an engine on the adapter at hand and makes it the default. Throws `AdapterError`, `ArgumentError`. */
export async function open(options: OpenOptions = {}): Promise<Engine> {
  checkOptions('open', options, OPTIONS);
  const { policy, ...rest } = options;
  const checked = policy === undefined ? undefined : toPolicy(policy);
  const engine = await openEngine(rest);
  if (checked) setGlobalPolicy(checked);
  setDefaultEngine(engine);
  return engine;
}
