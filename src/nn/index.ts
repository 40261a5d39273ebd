/** What users see of floors precision and nn. */
import { AdaptiveLossScale } from '../precision/adaptive-loss-scale.ts';
import { dynamicLossScale, NO_LOSS_SCALE, noLossScale, staticLossScale } from '../precision/loss-scale.ts';
import { globalPolicy, Policy, setGlobalPolicy } from '../precision/policy.ts';
import { DTypePolicyMap } from '../precision/policy-map.ts';
import { GradScaler } from './optimizers/grad-scaler.ts';
import { LossScaleOptimizer } from './optimizers/loss-scale-optimizer.ts';

export type { AdaptiveOptions, AdaptiveState } from '../precision/adaptive-loss-scale.ts';
export { AdaptiveLossScale } from '../precision/adaptive-loss-scale.ts';
export type { LayerScale } from '../precision/adaptive-state.ts';
export type { Accumulation, LossScale, Rules } from '../precision/loss-scale.ts';
export type { NumericsAdvice } from '../precision/numerics/advice.ts';
export type { BadOp, OpNumerics } from '../precision/numerics/op-numerics.ts';
export type { NumericsReport } from '../precision/numerics/report.ts';
export type { ScaleRange } from '../precision/numerics/scale-range.ts';
export { Policy, type PolicyLike, type PolicyName, type SerializedPolicy } from '../precision/policy.ts';
export { Advice, type AdviceRow, type Measured, type Verdict } from './advice.ts';
export { type AdviseOptions, advise } from './advise.ts';
export { Callback, type Callbacks } from './callbacks/callback.ts';
export { callbacks } from './callbacks/index.ts';
export type { CompileOptions } from './compile.ts';
export { type Constraint, constraints } from './constraints.ts';
export type { CountedMetric } from './counted-metrics.ts';
export type { FitOptions, History } from './fit.ts';
export { type Functional, model } from './functional.ts';
export { initialisers as initializers } from './initialisers.ts';
export { type CallOptions, Layer, type LayerOptions, type Symbolic } from './layer.ts';
export { layers } from './layers/index.ts';
export { type InputOptions, input } from './layers/input.ts';
export { type RegisterOptions, registerLayer } from './layers/registry.ts';
export { losses } from './losses.ts';
export { type MetricLike, metrics } from './metrics.ts';
export { Model } from './model.ts';
export { type NumericsReportOptions, numerics, type Watch, type WatchOptions } from './numerics.ts';
export type { Float16Options, Float16Weights } from './optimizers/float16-weights.ts';
export { GradScaler, type GradScalerOptions } from './optimizers/grad-scaler.ts';
export { optimizers, type Schedule, schedules } from './optimizers/index.ts';
export { LossScaleOptimizer } from './optimizers/loss-scale-optimizer.ts';
export { Optimizer, type OptimizerState } from './optimizers/optimizer.ts';
export type { OptimizerOptions } from './optimizers/options.ts';
export { zip } from './optimizers/pairs.ts';
export type { LossScaleOptions } from './optimizers/scale-options.ts';
export { type Regularizer, regularizers } from './regularizers.ts';
export { Sequential, sequential } from './sequential.ts';
export { SymbolicTensor } from './symbolic.ts';
export { gemmChoices, type TuneOptions, tune } from './tune.ts';

export const mixedPrecision = {
  Policy,
  /** Keras 3's name for it. */
  DTypePolicy: Policy,
  DTypePolicyMap,
  globalPolicy,
  setGlobalPolicy,
  LossScaleOptimizer,
  GradScaler,
  AdaptiveLossScale,
  NO_LOSS_SCALE,
  noLossScale,
  staticLossScale,
  dynamicLossScale,
};
