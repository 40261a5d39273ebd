/** Files at a URL: the named one, and those beside it; long ones are fetched in parts where the server can. */
import { FormatError } from '../values/errors.ts';
import { type ByteRange, checkPath, checkRange, type ModelFiles, missing } from './files.ts';

/** Bytes fetched at once, at least. */
const PART = 2 ** 23;

/** What of a file is at hand. */
interface Part {
  readonly path: string;
  readonly from: number;
  readonly bytes: Uint8Array;
  /** Of the whole file. */
  readonly size: number;
}

/** A URL that ends in `/` is a folder. `init` goes to every `fetch`: headers, credentials. */
export function filesAt(url: string | URL, init: RequestInit = {}): ModelFiles {
  const whole = new URL(url);
  const folder = new URL('.', whole);
  const main = whole.pathname.endsWith('/')
    ? undefined
    : decodeURIComponent(whole.pathname.split('/').at(-1)!);
  const name = String(whole);
  /** The last part that was fetched, which mostly holds what is asked for next. */
  let last: Part | undefined;

  const addressOf = (path: string) => {
    const address =
      path === main ? new URL(whole) : new URL(path.split('/').map(encodeURIComponent).join('/'), folder);
    // Keys of signed addresses are for all files.
    address.search = whole.search;
    return address;
  };
  const fetched = async (path: string, { from, to }: ByteRange): Promise<Part | undefined> => {
    if (last?.path === path && last.from <= from && Math.min(to, last.size) <= last.from + last.bytes.length)
      return last;
    const headers = new Headers(init.headers);
    headers.set('Range', `bytes=${from}-${to - 1}`);
    const response = await request(name, addressOf(path), { ...init, headers });
    if (response.status === 404) return undefined;
    // A range that begins where the file ends, or beyond.
    if (response.status === 416)
      return { path, from, bytes: new Uint8Array(0), size: totalOf(response) ?? from };
    if (!response.ok)
      throw new FormatError(`${name}: ${path}: the server answers ${response.status} ${response.statusText}`);
    const bytes = new Uint8Array(await response.arrayBuffer());
    const partial = response.status === 206;
    const begin = partial ? from : 0;
    last = {
      path,
      from: begin,
      bytes,
      size: (partial ? totalOf(response) : undefined) ?? begin + bytes.length,
    };
    return last;
  };
  return {
    name,
    main,
    list: async () => undefined,
    size: async (path) => (await fetched(checkPath(name, path), { from: 0, to: PART }))?.size,
    read: async (path, range) => {
      const where = `${name}: ${checkPath(name, path)}`;
      const from = range?.from ?? 0;
      const first = await fetched(path, { from, to: Math.max(range?.to ?? 0, from + PART) });
      if (!first) throw missing(where);
      const to = range?.to ?? first.size;
      checkRange(where, first.size, { from, to });
      const held = to <= first.from + first.bytes.length ? first : await fetched(path, { from, to });
      const bytes = held?.bytes.subarray(from - held.from, to - held.from);
      if (bytes?.length !== to - from)
        throw new FormatError(`${where}: the server sent less than bytes ${from} to ${to}`);
      return bytes;
    },
  };
}

async function request(name: string, address: URL, init: RequestInit): Promise<Response> {
  try {
    return await fetch(address, init);
  } catch (cause) {
    throw new FormatError(
      `${name}: ${address} cannot be fetched: ${cause instanceof Error ? cause.message : cause}`,
      {
        cause,
      },
    );
  }
}

/** Of `Content-Range: bytes 0-99/1234`. */
function totalOf(response: Response): number | undefined {
  const total = /\/(\d+)$/.exec(response.headers.get('Content-Range') ?? '')?.[1];
  return total === undefined ? undefined : Number(total);
}
