/** `csvLogger` and `tensorBoard`: the values of each epoch in files that other programs read. */
import { appendFileSync, existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Callback, type Logs } from '../nn/callbacks/callback.ts';
import { show } from '../values/dtype.ts';
import { ArgumentError } from '../values/errors.ts';
import { checkOptions } from '../values/options.ts';
import { EventFile } from './event-file.ts';

function checkPath(where: string, path: unknown): string {
  if (typeof path === 'string' && path.length > 0) return path;
  throw new ArgumentError(
    `${where}: path ${show(path)}; use the path of ${where === 'csvLogger' ? 'a file' : 'a folder'}`,
  );
}

export interface CsvLoggerOptions {
  /** Between values. Default `','`. */
  separator?: string;
  /** Whether lines follow those that the file has already. Default false: the file begins anew. */
  append?: boolean;
}

class CsvLogger extends Callback {
  readonly #path: string;
  readonly #separator: string;
  readonly #append: boolean;
  #columns: readonly string[] | undefined;

  constructor(path: string, options: CsvLoggerOptions) {
    super();
    checkOptions('csvLogger', options, ['separator', 'append']);
    this.#path = checkPath('csvLogger', path);
    this.#separator = options.separator ?? ',';
    this.#append = options.append ?? false;
  }

  override onTrainBegin(): void {
    this.#columns = undefined;
    if (!this.#append) writeFileSync(this.#path, '');
  }

  override onEpochEnd(epoch: number, logs: Logs): void {
    if (!this.#columns) {
      this.#columns = Object.keys(logs).sort();
      const hasHeader = this.#append && existsSync(this.#path) && statSync(this.#path).size > 0;
      if (!hasHeader) this.#line(['epoch', ...this.#columns]);
    }
    this.#line([epoch, ...this.#columns.map((name) => logs[name] ?? 'NA')]);
  }

  #line(cells: readonly (string | number)[]): void {
    appendFileSync(this.#path, `${cells.join(this.#separator)}\n`);
  }
}

class TensorBoard extends Callback {
  readonly #folder: string;
  readonly #files = new Map<string, EventFile>();

  constructor(folder: string) {
    super();
    this.#folder = checkPath('tensorBoard', folder);
  }

  override onTrainBegin(): void {
    this.#files.clear();
  }

  override onEpochEnd(epoch: number, logs: Logs): void {
    const values: Record<string, Record<string, number>> = { train: {}, validation: {} };
    for (const [name, value] of Object.entries(logs)) {
      const isValidation = name.startsWith('val_');
      const tag = `epoch_${isValidation ? name.slice(4) : name}`;
      values[isValidation ? 'validation' : 'train']![tag] = value;
    }
    for (const [part, own] of Object.entries(values)) {
      if (Object.keys(own).length === 0) continue;
      let file = this.#files.get(part);
      if (!file) {
        file = new EventFile(join(this.#folder, part));
        this.#files.set(part, file);
      }
      file.scalars(epoch, own);
    }
  }
}

/** A line for each epoch, written when it ends: `epoch`, then all values by name. Throws `ArgumentError`; what the file system refuses, it throws. */
export function csvLogger(path: string, options: CsvLoggerOptions = {}): Callback {
  return new CsvLogger(path, options);
}

/**
 * Event files for TensorBoard, `train` and `validation` in a folder, with the tags that Keras writes: `epoch_loss` and so on. Throws
 * `ArgumentError`; what the file system refuses, it throws.
 */
export function tensorBoard(folder: string): Callback {
  return new TensorBoard(folder);
}
