/** `modelCheckpoint`: the weights in a file after each epoch, or after those that were the best so far. */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  Callback,
  directionOf,
  type Logs,
  type Mode,
  monitored,
  type TrainedModel,
} from '../nn/callbacks/callback.ts';
import { checkCount } from '../nn/checks.ts';
import { show } from '../values/dtype.ts';
import { ArgumentError } from '../values/errors.ts';
import { checkOptions } from '../values/options.ts';
import { saveWeights } from './weights-file.ts';

export interface ModelCheckpointOptions {
  /** Name in the logs. Default `'val_loss'`. */
  monitor?: string;
  /** Whether only an epoch that is better than all before it is written. Default false. */
  saveBestOnly?: boolean;
  /** Whether less or more is better; `'auto'` goes by the name. Default `'auto'`. */
  mode?: Mode;
  /** Epochs from one file to the next. Default 1. */
  saveFreq?: number;
  /** What must be beaten by the first epoch that is written. */
  initialValueThreshold?: number;
}

const OPTIONS = ['monitor', 'saveBestOnly', 'mode', 'saveFreq', 'initialValueThreshold'];

class ModelCheckpoint extends Callback {
  readonly #path: string;
  readonly #monitor: string;
  readonly #bestOnly: boolean;
  readonly #direction: 1 | -1;
  readonly #every: number;
  #best: number;
  #model: TrainedModel | undefined;

  constructor(path: string, options: ModelCheckpointOptions) {
    super();
    checkOptions('modelCheckpoint', options, OPTIONS);
    if (typeof path !== 'string' || path.length === 0)
      throw new ArgumentError(`modelCheckpoint: path ${show(path)}; use the path of a file`);
    this.#path = path;
    this.#monitor = options.monitor ?? 'val_loss';
    this.#bestOnly = options.saveBestOnly ?? false;
    this.#direction = directionOf('modelCheckpoint', this.#monitor, options.mode ?? 'auto');
    this.#every = checkCount('modelCheckpoint', 'saveFreq', options.saveFreq ?? 1);
    this.#best = options.initialValueThreshold ?? -this.#direction * Number.POSITIVE_INFINITY;
  }

  override onTrainBegin(model: TrainedModel): void {
    this.#model = model;
  }

  override async onEpochEnd(epoch: number, logs: Logs): Promise<void> {
    if ((epoch + 1) % this.#every !== 0) return;
    if (this.#bestOnly) {
      const value = monitored('modelCheckpoint', this.#monitor, logs);
      if (!((value - this.#best) * this.#direction > 0)) return;
      this.#best = value;
    }
    const path = placed(this.#path, { epoch: epoch + 1, ...logs });
    await mkdir(dirname(path), { recursive: true });
    await saveWeights(this.#model!, path);
  }
}

/** `{epoch}`, `{epoch:02d}`, `{val_loss:.3f}` and so on, as Keras writes them. Throws `ArgumentError` for a name that is not in the logs. */
function placed(path: string, values: Logs): string {
  return path.replace(/\{(\w+)(?::(0?)(\d*)d|:\.(\d+)f)?\}/g, (_, name: string, zero, width, digits) => {
    const value = monitored('modelCheckpoint: path', name, values);
    if (digits !== undefined) return value.toFixed(Number(digits));
    return String(value).padStart(Number(width ?? 0), zero ? '0' : ' ');
  });
}

/**
 * Writes the model's weights as `saveWeights` does, each time as a whole; `loadWeights` reads them. `{epoch}`, counted from 1 as in Keras,
 * and names in the logs stand in the path for their values: `'weights-{epoch:02d}-{val_loss:.3f}.safetensors'`. Folders are made. Throws
 * `ArgumentError`; what the file system refuses, it throws.
 */
export function modelCheckpoint(path: string, options: ModelCheckpointOptions = {}): Callback {
  return new ModelCheckpoint(path, options);
}
