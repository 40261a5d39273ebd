/** `learningRateScheduler`: a learning rate for each epoch, from a function. */
import { show } from '../../values/dtype.ts';
import { ArgumentError } from '../../values/errors.ts';
import { Callback, type Logs, type TrainedModel } from './callback.ts';

/** The learning rate of an epoch, which counts from 0, given that of the one before. */
export type LearningRateFunction = (epoch: number, learningRate: number) => number;

export class LearningRateScheduler extends Callback {
  readonly #schedule: LearningRateFunction;
  #model: TrainedModel | undefined;

  /** Throws `ArgumentError`. */
  constructor(schedule: LearningRateFunction) {
    super();
    if (typeof schedule !== 'function')
      throw new ArgumentError(
        `learningRateScheduler: schedule is ${show(schedule)}; use a function of the epoch and the learning rate`,
      );
    this.#schedule = schedule;
  }

  override onTrainBegin(model: TrainedModel): void {
    this.#model = model;
  }

  override onEpochBegin(epoch: number): void {
    const { optimizer } = this.#model!;
    const rate = this.#schedule(epoch, optimizer.learningRate);
    if (typeof rate !== 'number' || !(rate >= 0 && rate < Number.POSITIVE_INFINITY))
      throw new ArgumentError(
        `learningRateScheduler: the schedule gave ${show(rate)} for epoch ${epoch}; return a number from 0 on`,
      );
    optimizer.learningRate = rate;
  }

  override onEpochEnd(_epoch: number, logs: Logs): void {
    logs.learningRate = this.#model!.optimizer.learningRate;
  }
}
