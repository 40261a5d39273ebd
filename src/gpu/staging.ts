/** The way back to the host: storages copied into one mappable buffer. */
import { BufferUsage, MapMode } from './constants.ts';
import { type Storage, spanOf } from './storage.ts';

/** So many bytes from the start of a storage. */
export interface ReadRequest {
  readonly storage: Storage;
  readonly bytes: number;
}

export class Staging {
  readonly #buffer: GPUBuffer;
  readonly #ranges: readonly { offset: number; bytes: number }[];

  /** Submits the copies, after all work submitted before. */
  constructor(device: GPUDevice, requests: readonly ReadRequest[]) {
    let total = 0;
    this.#ranges = requests.map(({ bytes }) => {
      const range = { offset: total, bytes };
      total += Math.ceil(bytes / 8) * 8;
      return range;
    });
    this.#buffer = device.createBuffer({
      label: 'staging',
      size: Math.max(8, total),
      usage: BufferUsage.MAP_READ | BufferUsage.COPY_DST,
    });
    const encoder = device.createCommandEncoder({ label: 'staging' });
    for (const [index, { storage, bytes }] of requests.entries()) {
      const { offset } = this.#ranges[index]!;
      const { buffer, offset: from } = spanOf(storage);
      encoder.copyBufferToBuffer(buffer.gpu, from, this.#buffer, offset, Math.ceil(bytes / 4) * 4);
    }
    device.queue.submit([encoder.finish()]);
  }

  /** Resolves when the bytes have arrived. */
  map(): Promise<undefined> {
    return this.#buffer.mapAsync(MapMode.READ) as Promise<undefined>;
  }

  /** The bytes of each request, once mapped. */
  take(): ArrayBuffer[] {
    const mapped = this.#buffer.getMappedRange();
    return this.#ranges.map(({ offset, bytes }) => mapped.slice(offset, offset + bytes));
  }

  destroy(): void {
    this.#buffer.destroy();
  }
}
