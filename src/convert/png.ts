/** PNG files (ISO/IEC 15948): read in all their forms, written in 8 bits. Pure; decompression has bounds. */
import { FormatError } from '../values/errors.ts';
import { crc32 } from './bytes/crc32.ts';
import { inflated } from './bytes/inflate.ts';
import { MOST_PIXELS, type Pixels } from './pixels.ts';

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const PALETTE = 3;
/** By colour type: samples of a pixel. */
const SAMPLES: Readonly<Record<number, 1 | 2 | 3 | 4>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
/** By samples of a pixel: the colour type that is written. */
const COLOURS = { 1: 0, 2: 4, 3: 2, 4: 6 } as const;
/** By colour type: bits of a sample. */
const DEPTHS: Readonly<Record<number, readonly number[]>> = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
};
/** Of interlaced files: first column and row of each pass, and its steps. */
const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

interface Header {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly colour: number;
  readonly interlaced: boolean;
}

/**
 * The pixels of a PNG file: palettes as RGB, or as RGBA where they have alpha; grey of less than 8 bits is spread over 0 to 255. A colour that
 * stands for transparency (`tRNS`) stays as it is. Throws `FormatError` that says what is wrong and where.
 */
export async function readPng(where: string, file: Uint8Array): Promise<Pixels> {
  const fail = (at: number, rule: string): never => {
    throw new FormatError(`${where}: byte ${at}: ${rule}`);
  };
  if (SIGNATURE.some((byte, at) => file[at] !== byte)) fail(0, 'no PNG file: it begins otherwise');
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  let header: Header | undefined;
  let palette: Uint8Array | undefined;
  let alphas: Uint8Array | undefined;
  const data: Uint8Array[] = [];
  let at = SIGNATURE.length;
  for (let type = ''; type !== 'IEND'; ) {
    if (at + 12 > file.length) fail(at, `the file ends before IEND; it has ${file.length} bytes`);
    const length = view.getUint32(at);
    if (at + 12 + length > file.length) fail(at, `a chunk of ${length} bytes leaves the file`);
    type = String.fromCharCode(...file.subarray(at + 4, at + 8));
    const content = file.subarray(at + 8, at + 8 + length);
    if (crc32([file.subarray(at + 4, at + 8 + length)]) !== view.getUint32(at + 8 + length))
      fail(at, `${type} is damaged: its checksum is another`);
    if (header === undefined && type !== 'IHDR') fail(at, `${type} comes before IHDR`);
    if (type === 'IHDR') header = headerOf(content, (rule) => fail(at, rule));
    else if (type === 'PLTE') palette = content;
    else if (type === 'tRNS' && header!.colour === PALETTE) alphas = content;
    else if (type === 'IDAT') data.push(content);
    else if (type !== 'IEND' && /^[A-Z]/.test(type)) fail(at, `unknown chunk ${type}`);
    at += 12 + length;
  }
  const passes = passesOf(header!);
  const bytes = passes.reduce((sum, { rows, rowBytes }) => sum + rows * (1 + rowBytes), 0);
  const raw = await inflated(`${where}: IDAT`, 'deflate', data, bytes);
  const samples = samplesOf(where, header!, passes, raw);
  const { width, height, colour } = header!;
  if (colour !== PALETTE) return { width, height, channels: SAMPLES[colour]!, data: samples };
  return { width, height, ...coloured(where, samples as Uint8Array, palette, alphas) };
}

function headerOf(content: Uint8Array, fail: (rule: string) => never): Header {
  if (content.length !== 13) fail(`IHDR of ${content.length} bytes; it has 13`);
  const view = new DataView(content.buffer, content.byteOffset, 13);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const [depth, colour, compression, filter, interlace] = content.subarray(8) as unknown as number[];
  if (width === 0 || height === 0 || width * height > MOST_PIXELS)
    fail(`${width} x ${height} pixels; from 1 to ${MOST_PIXELS} are read`);
  if (!DEPTHS[colour!]?.includes(depth!)) fail(`colour type ${colour} of ${depth} bits`);
  if (compression !== 0 || filter !== 0 || interlace! > 1)
    fail(`compression ${compression}, filter ${filter}, interlace ${interlace}`);
  return { width, height, depth: depth!, colour: colour!, interlaced: interlace === 1 };
}

interface Pass {
  readonly left: number;
  readonly top: number;
  readonly stepX: number;
  readonly stepY: number;
  readonly columns: number;
  readonly rows: number;
  /** Without the byte of the filter. */
  readonly rowBytes: number;
}

function passesOf({ width, height, depth, colour, interlaced }: Header): Pass[] {
  const all = interlaced ? PASSES : ([[0, 0, 1, 1]] as const);
  return all
    .map(([left, top, stepX, stepY]) => {
      const columns = Math.ceil((width - left) / stepX);
      const rows = Math.ceil((height - top) / stepY);
      const rowBytes = Math.ceil((columns * SAMPLES[colour]! * depth) / 8);
      return { left, top, stepX, stepY, columns, rows, rowBytes };
    })
    .filter(({ columns, rows }) => columns > 0 && rows > 0);
}

/** Takes the filters off `raw`, which changes it, and puts each pass's samples in their places. */
function samplesOf(
  where: string,
  { width, height, depth, colour }: Header,
  passes: readonly Pass[],
  raw: Uint8Array,
): Uint8Array | Uint16Array {
  const channels = SAMPLES[colour]!;
  const size = width * height * channels;
  const out = depth === 16 ? new Uint16Array(size) : new Uint8Array(size);
  const pixelBytes = Math.max(1, (channels * depth) / 8);
  // Grey of few bits is spread; numbers of a palette's colours are not.
  const spread = depth < 8 && colour !== PALETTE ? 255 / (2 ** depth - 1) : 1;
  let at = 0;
  for (const { left, top, stepX, stepY, columns, rows, rowBytes } of passes) {
    let above: Uint8Array = new Uint8Array(rowBytes);
    for (let y = 0; y < rows; y++) {
      const row = raw.subarray(at + 1, at + 1 + rowBytes);
      unfilter(where, raw[at]!, row, above, pixelBytes);
      const line = ((top + y * stepY) * width + left) * channels;
      for (let i = 0; i < columns * channels; i++) {
        const channel = i % channels;
        const to = line + ((i - channel) / channels) * stepX * channels + channel;
        if (depth === 8) out[to] = row[i]!;
        else if (depth === 16) out[to] = row[2 * i]! * 256 + row[2 * i + 1]!;
        else {
          const bit = i * depth;
          out[to] = ((row[bit >> 3]! >> (8 - depth - (bit & 7))) & (2 ** depth - 1)) * spread;
        }
      }
      above = row;
      at += 1 + rowBytes;
    }
  }
  return out;
}

function unfilter(where: string, filter: number, row: Uint8Array, above: Uint8Array, step: number): void {
  if (filter > 4) throw new FormatError(`${where}: IDAT: filter ${filter}; use 0 to 4`);
  if (filter === 0) return;
  for (let i = 0; i < row.length; i++) {
    const a = i < step ? 0 : row[i - step]!;
    const b = above[i]!;
    const c = i < step ? 0 : above[i - step]!;
    row[i]! += filter === 1 ? a : filter === 2 ? b : filter === 3 ? (a + b) >> 1 : paeth(a, b, c);
  }
}

/** Which of left, above and above left is nearest to left + above - above left. */
function paeth(a: number, b: number, c: number): number {
  const pa = Math.abs(b - c);
  const pb = Math.abs(a - c);
  const pc = Math.abs(a + b - 2 * c);
  return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
}

function coloured(
  where: string,
  numbers: Uint8Array,
  palette: Uint8Array | undefined,
  alphas: Uint8Array | undefined,
): Pick<Pixels, 'channels' | 'data'> {
  if (palette === undefined || palette.length % 3 !== 0)
    throw new FormatError(`${where}: PLTE: ${palette?.length ?? 'no'} bytes; use three for a colour`);
  const channels = alphas ? 4 : 3;
  const data = new Uint8Array(numbers.length * channels);
  for (const [pixel, number] of numbers.entries()) {
    if (3 * number >= palette.length)
      throw new FormatError(
        `${where}: pixel ${pixel}: colour ${number} of a palette of ${palette.length / 3}`,
      );
    data.set(palette.subarray(3 * number, 3 * number + 3), pixel * channels);
    if (alphas) data[pixel * channels + 3] = alphas[number] ?? 255;
  }
  return { channels, data };
}

/** A PNG file of 8 bits. */
export async function writePng({ width, height, channels, data }: Pixels): Promise<Uint8Array> {
  if (data.length !== width * height * channels || data instanceof Uint16Array || data.length === 0)
    throw new FormatError(`PNG: ${data.length} numbers for ${height} x ${width} x ${channels} of 8 bits`);
  const raw = new Uint8Array(height * (1 + width * channels));
  for (let y = 0; y < height; y++) {
    const row = data.subarray(y * width * channels, (y + 1) * width * channels);
    const at = y * (1 + width * channels);
    // Differences to the pixel before shrink best among what costs nothing to choose.
    raw[at] = 1;
    for (let i = 0; i < row.length; i++) raw[at + 1 + i] = row[i]! - (row[i - channels] ?? 0);
  }
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, COLOURS[channels]], 8);
  const chunks = [
    chunk('IHDR', header),
    chunk('IDAT', await deflated(raw)),
    chunk('IEND', new Uint8Array(0)),
  ];
  const file = new Uint8Array(SIGNATURE.length + chunks.reduce((sum, { length }) => sum + length, 0));
  file.set(SIGNATURE);
  let at = SIGNATURE.length;
  for (const part of chunks) {
    file.set(part, at);
    at += part.length;
  }
  return file;
}

async function deflated(bytes: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([bytes as BlobPart]).stream().pipeThrough(new CompressionStream('deflate'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function chunk(type: string, content: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + content.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, content.length);
  for (let i = 0; i < 4; i++) bytes[4 + i] = type.charCodeAt(i);
  bytes.set(content, 8);
  view.setUint32(8 + content.length, crc32([bytes.subarray(4, 8 + content.length)]));
  return bytes;
}
