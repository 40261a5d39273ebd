/** The way back to the host: storages copied into one mappable buffer, of a small ring of them that is used again. */
import { BufferUsage, MapMode } from './constants.ts';
import type { Host } from './engine-options.ts';
import type { Health } from './health.ts';
import { type Storage, spanOf } from './storage.ts';

/** So many bytes from the start of a storage. */
export interface ReadRequest {
  readonly storage: Storage;
  readonly bytes: number;
}

/** Buffers that are kept, and the largest of them: losses and metrics fit, results are read through buffers of their own. */
const RING = 8;
const RING_BYTES = 2 ** 16;

export class Readback {
  readonly #device: GPUDevice;
  readonly #health: Health;
  readonly #wait: <T>(promise: Promise<T>) => Promise<T>;
  readonly #ring: GPUBuffer[] = [];

  constructor(device: GPUDevice, health: Health, wait: Host['wait'], software: boolean) {
    this.#device = device;
    this.#health = health;
    this.#wait = (promise) => wait(promise, software);
  }

  /** Bytes of each storage after all work submitted before. Throws what that work or its shaders failed with. */
  async read(requests: readonly ReadRequest[]): Promise<ArrayBuffer[]> {
    let total = 0;
    const ranges = requests.map(({ storage, bytes }) => {
      const range = { storage, bytes, offset: total };
      total += Math.ceil(bytes / 8) * 8;
      return range;
    });
    const buffer = this.#take(total);
    let whole = false;
    try {
      const encoder = this.#device.createCommandEncoder({ label: 'readback' });
      for (const { storage, bytes, offset } of ranges) {
        const { buffer: from, offset: start } = spanOf(storage);
        encoder.copyBufferToBuffer(from.gpu, start, buffer, offset, Math.ceil(bytes / 4) * 4);
      }
      this.#device.queue.submit([encoder.finish()]);
      const mapped = buffer.mapAsync(MapMode.READ, 0, Math.max(8, total));
      await this.#wait(mapped.catch((error) => this.#health.explain(error)));
      await this.#health.throwFailures();
      const bytes = buffer.getMappedRange(0, Math.max(8, total));
      const read = ranges.map(({ offset, bytes: count }) => bytes.slice(offset, offset + count));
      buffer.unmap();
      whole = true;
      return read;
    } finally {
      if (whole && buffer.size === RING_BYTES && this.#ring.length < RING) this.#ring.push(buffer);
      else buffer.destroy();
    }
  }

  #take(bytes: number): GPUBuffer {
    const free = bytes <= RING_BYTES ? this.#ring.pop() : undefined;
    return (
      free ??
      this.#device.createBuffer({
        label: 'readback',
        size: Math.max(RING_BYTES, bytes),
        usage: BufferUsage.MAP_READ | BufferUsage.COPY_DST,
      })
    );
  }
}
