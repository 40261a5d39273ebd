/** `earlyStopping`: ends the training when a value has stopped getting better. */
import { checkOptions } from '../../values/options.ts';
import { checkCount } from '../checks.ts';
import { Callback, directionOf, type Logs, type Mode, monitored, type TrainedModel } from './callback.ts';

export interface EarlyStoppingOptions {
  /** Name in the logs. Default `'val_loss'`. */
  monitor?: string;
  /** Smallest change that is an improvement. Default 0. */
  minDelta?: number;
  /** Epochs without improvement after which training ends. Default 0. */
  patience?: number;
  /** Whether less or more is better; `'auto'` goes by the name. Default `'auto'`. */
  mode?: Mode;
  /** A value that must be beaten for patience to start anew. */
  baseline?: number;
  /** Whether the weights are in the end those of the best epoch. Default false. */
  restoreBestWeights?: boolean;
  /** Epochs that are not looked at. Default 0. */
  startFromEpoch?: number;
}

const OPTIONS = [
  ...['monitor', 'minDelta', 'patience', 'mode', 'baseline', 'restoreBestWeights', 'startFromEpoch'],
];

export class EarlyStopping extends Callback {
  readonly #monitor: string;
  readonly #direction: 1 | -1;
  readonly #minDelta: number;
  readonly #patience: number;
  readonly #baseline: number | undefined;
  readonly #restores: boolean;
  readonly #start: number;
  #model: TrainedModel | undefined;
  #best = Number.NaN;
  #waited = 0;
  #weights: Float32Array[] | undefined;
  /** Epoch after which training was ended. */
  stoppedEpoch: number | undefined;
  bestEpoch: number | undefined;

  /** Throws `ArgumentError`. */
  constructor(options: EarlyStoppingOptions = {}) {
    super();
    checkOptions('earlyStopping', options, OPTIONS);
    this.#monitor = options.monitor ?? 'val_loss';
    this.#direction = directionOf('earlyStopping', this.#monitor, options.mode ?? 'auto');
    this.#minDelta = Math.abs(options.minDelta ?? 0);
    this.#patience = checkCount('earlyStopping', 'patience', options.patience ?? 0, 0);
    this.#baseline = options.baseline;
    this.#restores = options.restoreBestWeights ?? false;
    this.#start = checkCount('earlyStopping', 'startFromEpoch', options.startFromEpoch ?? 0, 0);
  }

  override onTrainBegin(model: TrainedModel): void {
    this.#model = model;
    this.#best = -this.#direction * Number.POSITIVE_INFINITY;
    this.#waited = 0;
    this.#weights = undefined;
    this.stoppedEpoch = undefined;
    this.bestEpoch = undefined;
  }

  override async onEpochEnd(epoch: number, logs: Logs): Promise<void> {
    const value = monitored('earlyStopping', this.#monitor, logs);
    if (epoch < this.#start) return;
    this.#waited++;
    const better = this.#beats(value, this.#best);
    if (better || this.bestEpoch === undefined) {
      this.bestEpoch = epoch;
      if (this.#restores) this.#weights = await this.#model!.getWeights();
    }
    if (better) {
      this.#best = value;
      if (this.#baseline === undefined || this.#beats(value, this.#baseline)) this.#waited = 0;
      return;
    }
    if (this.#waited < this.#patience || epoch === 0) return;
    this.stoppedEpoch = epoch;
    this.#model!.stopTraining = true;
  }

  override onTrainEnd(): void {
    if (this.#weights) this.#model!.setWeights(this.#weights);
  }

  #beats(value: number, other: number): boolean {
    return (value - other) * this.#direction > this.#minDelta;
  }
}
