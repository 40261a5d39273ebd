/** What fit tells while it trains, and what may act on it. */
import { type DType, list } from '../../values/dtype.ts';
import { ArgumentError } from '../../values/errors.ts';
import { checkOptions } from '../../values/options.ts';
import type { Shape } from '../../values/shape.ts';
import { checkOneOf } from '../checks.ts';

/** Results of an epoch by name: `loss`, each metric, and with validation data the same with `val_` in front. */
export type Logs = Record<string, number>;

/** What callbacks see of a model. */
export interface TrainedModel {
  readonly optimizer: { learningRate: number };
  /** Set to true, training ends after the present step. */
  stopTraining: boolean;
  readonly weights: readonly { readonly name: string; readonly shape: Shape; readonly dtype: DType }[];
  getWeights(): Promise<Float32Array[]>;
  setWeights(values: readonly ArrayLike<number>[]): void;
}

/** Told in turn by `fit`. All but `onBatchEnd` may be async; what they return is not looked at. */
export abstract class Callback {
  onTrainBegin(_model: TrainedModel): void | Promise<void> {}
  onEpochBegin(_epoch: number): void | Promise<void> {}
  /** Some steps late; `step` counts from 0 over all epochs. */
  onBatchEnd(_step: number, _logs: Logs): void {}
  /** What is added to `logs` stands in the history. */
  onEpochEnd(_epoch: number, _logs: Logs): void | Promise<void> {}
  onTrainEnd(): void | Promise<void> {}
}

/** Functions of one's own. */
export interface Callbacks {
  /** After each training step, some steps late; `step` counts from 0 over all epochs. */
  onBatchEnd?(step: number, logs: Logs): void;
  /** May be async. Returning false ends the training. */
  onEpochEnd?(epoch: number, logs: Logs): undefined | boolean | Promise<undefined | boolean>;
}

export type CallbackLike = Callback | Callbacks;

class Functions extends Callback {
  readonly #functions: Callbacks;
  #model: TrainedModel | undefined;

  constructor(functions: Callbacks) {
    super();
    checkOptions('fit: callbacks', functions, ['onBatchEnd', 'onEpochEnd']);
    this.#functions = functions;
  }

  override onTrainBegin(model: TrainedModel): void {
    this.#model = model;
  }

  override onBatchEnd(step: number, logs: Logs): void {
    this.#functions.onBatchEnd?.(step, logs);
  }

  override async onEpochEnd(epoch: number, logs: Logs): Promise<void> {
    if ((await this.#functions.onEpochEnd?.(epoch, logs)) === false) this.#model!.stopTraining = true;
  }
}

/** What `callbacks` of fit holds, one or a list. Throws `ArgumentError`. */
export function toCallbacks(given: CallbackLike | readonly CallbackLike[]): Callback[] {
  return [given].flat().map((item) => (item instanceof Callback ? item : new Functions(item as Callbacks)));
}

export type Mode = 'auto' | 'min' | 'max';

/** Whether less or more of `monitor` is better: 1 for more, -1 for less. Throws `ArgumentError`. */
export function directionOf(where: string, monitor: string, mode: Mode): 1 | -1 {
  if (checkOneOf(where, 'mode', mode, ['auto', 'min', 'max']) !== 'auto') return mode === 'max' ? 1 : -1;
  return /acc|auc|precision|recall/i.test(monitor) ? 1 : -1;
}

/** The value that a callback goes by. Throws `ArgumentError` where there is none of that name. */
export function monitored(where: string, monitor: string, logs: Logs): number {
  const value = logs[monitor];
  if (value !== undefined) return value;
  throw new ArgumentError(
    `${where}: nothing called '${monitor}' is measured; use ${list(Object.keys(logs))}`,
  );
}
