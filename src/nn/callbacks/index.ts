/** Callbacks as functions, the way TensorFlow.js makes them. */
import { EarlyStopping, type EarlyStoppingOptions } from './early-stopping.ts';
import { type LearningRateFunction, LearningRateScheduler } from './learning-rate-scheduler.ts';
import { ReduceLROnPlateau, type ReduceLROnPlateauOptions } from './reduce-lr-on-plateau.ts';
import { TerminateOnNaN } from './terminate-on-nan.ts';

export const callbacks = {
  earlyStopping: (options?: EarlyStoppingOptions): EarlyStopping => new EarlyStopping(options),
  learningRateScheduler: (schedule: LearningRateFunction): LearningRateScheduler =>
    new LearningRateScheduler(schedule),
  reduceLROnPlateau: (options?: ReduceLROnPlateauOptions): ReduceLROnPlateau =>
    new ReduceLROnPlateau(options),
  terminateOnNaN: (): TerminateOnNaN => new TerminateOnNaN(),
};
