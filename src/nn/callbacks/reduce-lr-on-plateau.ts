/** `reduceLROnPlateau`: a smaller learning rate when a value has stopped getting better. */
import { show } from '../../values/dtype.ts';
import { ArgumentError } from '../../values/errors.ts';
import { checkOptions } from '../../values/options.ts';
import { checkCount } from '../checks.ts';
import { Callback, directionOf, type Logs, type Mode, monitored, type TrainedModel } from './callback.ts';

export interface ReduceLROnPlateauOptions {
  /** Name in the logs. Default `'val_loss'`. */
  monitor?: string;
  /** What the learning rate is multiplied with, below 1. Default 0.1. */
  factor?: number;
  /** Epochs without improvement after which it is. Default 10. */
  patience?: number;
  /** Whether less or more is better; `'auto'` goes by the name. Default `'auto'`. */
  mode?: Mode;
  /** Smallest change that is an improvement. Default 1e-4. */
  minDelta?: number;
  /** Epochs after a reduction that are not counted. Default 0. */
  cooldown?: number;
  /** Default 0. */
  minLr?: number;
}

const OPTIONS = ['monitor', 'factor', 'patience', 'mode', 'minDelta', 'cooldown', 'minLr'];

export class ReduceLROnPlateau extends Callback {
  readonly #monitor: string;
  readonly #direction: 1 | -1;
  readonly #factor: number;
  readonly #patience: number;
  readonly #minDelta: number;
  readonly #cooldown: number;
  readonly #minLr: number;
  #model: TrainedModel | undefined;
  #best = Number.NaN;
  #waited = 0;
  #cooling = 0;

  /** Throws `ArgumentError`. */
  constructor(options: ReduceLROnPlateauOptions = {}) {
    super();
    checkOptions('reduceLROnPlateau', options, OPTIONS);
    const { factor = 0.1, minLr = 0 } = options;
    if (!(factor > 0 && factor < 1)) {
      throw new ArgumentError(`reduceLROnPlateau: factor ${show(factor)}; use a number above 0 and below 1`);
    }
    this.#monitor = options.monitor ?? 'val_loss';
    this.#direction = directionOf('reduceLROnPlateau', this.#monitor, options.mode ?? 'auto');
    this.#factor = factor;
    this.#patience = checkCount('reduceLROnPlateau', 'patience', options.patience ?? 10, 0);
    this.#minDelta = options.minDelta ?? 1e-4;
    this.#cooldown = checkCount('reduceLROnPlateau', 'cooldown', options.cooldown ?? 0, 0);
    this.#minLr = minLr;
  }

  override onTrainBegin(model: TrainedModel): void {
    this.#model = model;
    this.#best = -this.#direction * Number.POSITIVE_INFINITY;
    this.#waited = 0;
    this.#cooling = 0;
  }

  override onEpochEnd(_epoch: number, logs: Logs): void {
    const value = monitored('reduceLROnPlateau', this.#monitor, logs);
    const { optimizer } = this.#model!;
    logs.learningRate = optimizer.learningRate;
    if (this.#cooling > 0) {
      this.#cooling--;
      this.#waited = 0;
    }
    if ((value - this.#best) * this.#direction > this.#minDelta) {
      this.#best = value;
      this.#waited = 0;
      return;
    }
    if (this.#cooling > 0) return;
    this.#waited++;
    if (this.#waited < this.#patience || optimizer.learningRate <= this.#minLr) return;
    optimizer.learningRate = Math.max(optimizer.learningRate * this.#factor, this.#minLr);
    this.#cooling = this.#cooldown;
    this.#waited = 0;
  }
}
