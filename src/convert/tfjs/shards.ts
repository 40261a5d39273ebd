/** The weights of TensorFlow.js models on their way out: files of a size that browsers keep, named by their contents. */
import type { WrittenFile } from '../format.ts';

/** Bytes of a file, as in TensorFlow.js. */
const SHARD = 2 ** 22;

/** The files of `total` bytes, which come in pieces of any size. */
export async function* writtenShards(
  pieces: AsyncIterable<Uint8Array>,
  total: number,
): AsyncGenerator<WrittenFile> {
  const count = Math.max(1, Math.ceil(total / SHARD));
  let number = 0;
  for await (const bytes of inShards(pieces))
    yield { path: `weights-${await digest(bytes)}-${++number}of${count}.bin`, bytes: [bytes] };
}

async function* inShards(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let shard = new Uint8Array(SHARD);
  let filled = 0;
  let any = false;
  for await (const piece of pieces) {
    for (let bytes = piece; bytes.length > 0; ) {
      const part = bytes.subarray(0, SHARD - filled);
      shard.set(part, filled);
      filled += part.length;
      bytes = bytes.subarray(part.length);
      if (filled < SHARD) continue;
      yield shard;
      any = true;
      shard = new Uint8Array(SHARD);
      filled = 0;
    }
  }
  if (filled > 0 || !any) yield shard.subarray(0, filled);
}

async function digest(bytes: Uint8Array): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>));
  return Array.from(hash.subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Whether a file is one that was named here. */
export function isShard(path: string): boolean {
  return /^weights-[0-9a-f]{16}-\d+of\d+\.bin$/.test(path);
}
