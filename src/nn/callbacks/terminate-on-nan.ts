/** `terminateOnNaN`: ends the training at a loss that is NaN or infinite. */
import { Callback, type Logs, type TrainedModel } from './callback.ts';

export class TerminateOnNaN extends Callback {
  #model: TrainedModel | undefined;

  override onTrainBegin(model: TrainedModel): void {
    this.#model = model;
  }

  override onBatchEnd(_step: number, logs: Logs): void {
    if (!Number.isFinite(logs.loss)) this.#model!.stopTraining = true;
  }
}
