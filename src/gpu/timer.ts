/** How long the GPU takes for dispatches: timestamps at the two ends of their pass, the clock where it has none. */
import { BufferUsage, MapMode } from './constants.ts';
import type { CommandQueue } from './queue.ts';

/** Two timestamps of 8 bytes. */
const BYTES = 16;

export class Timer {
  readonly #device: GPUDevice;
  readonly #queue: CommandQueue;
  readonly #stamps: { queries: GPUQuerySet; resolved: GPUBuffer; read: GPUBuffer } | undefined;

  constructor(device: GPUDevice, queue: CommandQueue) {
    this.#device = device;
    this.#queue = queue;
    if (!device.features.has('timestamp-query')) return;
    const buffer = (usage: number) => device.createBuffer({ label: 'timer', size: BYTES, usage });
    this.#stamps = {
      queries: device.createQuerySet({ label: 'timer', type: 'timestamp', count: 2 }),
      resolved: buffer(BufferUsage.QUERY_RESOLVE | BufferUsage.COPY_SRC),
      read: buffer(BufferUsage.MAP_READ | BufferUsage.COPY_DST),
    };
  }

  /** Milliseconds that the dispatches of `work` take, in a pass of their own. `settle` waits for all recorded work. */
  async time(work: () => void, settle: () => Promise<void>): Promise<number> {
    await settle();
    if (!this.#stamps) {
      const start = performance.now();
      this.#queue.inOnePass(work);
      await settle();
      return performance.now() - start;
    }
    const { queries, resolved, read } = this.#stamps;
    this.#queue.inOnePass(work, {
      querySet: queries,
      beginningOfPassWriteIndex: 0,
      endOfPassWriteIndex: 1,
    });
    await settle();
    const encoder = this.#device.createCommandEncoder({ label: 'timer' });
    encoder.resolveQuerySet(queries, 0, 2, resolved, 0);
    encoder.copyBufferToBuffer(resolved, 0, read, 0, BYTES);
    this.#device.queue.submit([encoder.finish()]);
    await read.mapAsync(MapMode.READ);
    const [begin, end] = new BigUint64Array(read.getMappedRange().slice(0));
    read.unmap();
    return Number(end! - begin!) / 1e6;
  }
}
