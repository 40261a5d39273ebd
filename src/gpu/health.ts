/** Whether an engine can work: what its device was lost by, and errors that the driver told between two reads. */
import { DeviceLostError, DisposedError, HalftapeError } from '../values/errors.ts';
import type { Pipelines } from './pipelines.ts';

export class Health {
  /** Resolves with the reason when the device is lost or destroyed. */
  readonly lost: Promise<string>;
  readonly #pipelines: Pipelines;
  #gone: HalftapeError | undefined;
  #failure: HalftapeError | undefined;

  constructor(device: GPUDevice, pipelines: Pipelines) {
    this.#pipelines = pipelines;
    this.lost = device.lost.then(({ reason, message }) => {
      const text = `${reason}: ${message}`;
      this.#gone ??= new DeviceLostError(`engine: the device was lost (${text}); open a new engine`);
      return text;
    });
    device.addEventListener('uncapturederror', (event) => {
      this.#failure ??= new HalftapeError(`engine: ${(event as GPUUncapturedErrorEvent).error.message}`);
      event.preventDefault();
    });
  }

  get gone(): boolean {
    return this.#gone !== undefined;
  }

  /** Throws `DisposedError` or `DeviceLostError` unless the engine can work. */
  check(): void {
    if (this.#gone) throw this.#gone;
  }

  close(): void {
    this.#gone = new DisposedError('engine: closed; open a new one');
  }

  /** Throws what a rejected mapping of memory means. */
  async explain(error: unknown): Promise<never> {
    // When the device is lost, mapping may fail a moment before the loss is told.
    await Promise.race([this.lost, new Promise((resolve) => setTimeout(resolve, 50))]);
    this.check();
    throw this.#failure ?? new HalftapeError(`engine: reading failed: ${error}`);
  }

  /** Throws what shaders and commands failed with since the last call. */
  async throwFailures(): Promise<void> {
    try {
      await this.#pipelines.checked();
    } catch (error) {
      // A refused pipeline made the commands around it invalid; its own error says more.
      this.#failure = undefined;
      throw error;
    }
    if (!this.#failure) return;
    const failure = this.#failure;
    this.#failure = undefined;
    throw failure;
  }
}
