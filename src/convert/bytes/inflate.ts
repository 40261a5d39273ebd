/** Compressed bytes of files, as large as the file says and no larger: what would not end is given up. */
import { FormatError } from '../../values/errors.ts';

/** A file may say that it holds so many times its bytes, and this much more: trained weights hardly shrink, zeros do. */
const GROWTH = 100;
const ALWAYS = 1 << 26;

/** Throws `FormatError` where `size` bytes from `stored` ones are more than any model's file has. */
export function checkGrowth(where: string, size: number, stored: number): void {
  if (size > ALWAYS + GROWTH * stored)
    throw new FormatError(
      `${where}: ${size} bytes in ${stored} of the file; at most ${GROWTH} times as many, and 64 MiB, are read`,
    );
}

/** `bytes` decompressed, which gives `size` bytes. Throws `FormatError` where it gives another number, or they are damaged. */
export async function inflated(
  where: string,
  format: 'deflate' | 'gzip',
  bytes: readonly Uint8Array[],
  size: number,
): Promise<Uint8Array> {
  checkGrowth(
    where,
    size,
    bytes.reduce((sum, piece) => sum + piece.length, 0),
  );
  const out = new Uint8Array(size);
  let at = 0;
  const stream = new Blob([...(bytes as readonly BlobPart[])])
    .stream()
    .pipeThrough(new DecompressionStream(format));
  const reader = stream.getReader();
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      if (at + part.value.length > size) throw new FormatError(`${where}: more than ${size} bytes come out`);
      out.set(part.value, at);
      at += part.value.length;
    }
  } catch (cause) {
    await reader.cancel().catch(() => {});
    if (cause instanceof FormatError) throw cause;
    throw new FormatError(`${where}: the compressed bytes are damaged after ${at} bytes`, { cause });
  }
  if (at !== size) throw new FormatError(`${where}: ${at} bytes come out, not ${size}`);
  return out;
}
