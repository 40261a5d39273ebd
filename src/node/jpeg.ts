/** JPEG files, baseline and progressive, through jpeg-js; what a file declares is held against its size first. */
import { decode } from 'jpeg-js';
import { MOST_PIXELS, type Pixels } from '../convert/pixels.ts';
import { FormatError } from '../values/errors.ts';

/** No coder stores more pixels in a byte: a grey block of 64 takes one bit of a progressive scan. */
const PIXELS_IN_BYTE = 512;
/** A progressive file has about ten. */
const MOST_SCANS = 64;

/** The pixels as RGB. Turns that a camera noted (EXIF) are not carried out, as in Keras's `load_img`. Throws `FormatError`. */
export function readJpeg(where: string, file: Uint8Array): Pixels {
  if (file[0] !== 0xff || file[1] !== 0xd8)
    throw new FormatError(`${where}: byte 0: no JPEG file: it begins otherwise`);
  checkFrame(where, file);
  try {
    const { width, height, data } = decode(file, {
      ...{ useTArray: true, formatAsRGBA: false, tolerantDecoding: false },
      ...{ maxResolutionInMP: MOST_PIXELS / 1e6, maxMemoryUsageInMB: 2048 },
    });
    return { width, height, channels: 3, data };
  } catch (cause) {
    throw new FormatError(
      `${where}: no readable JPEG file: ${cause instanceof Error ? cause.message : cause}`,
      {
        cause,
      },
    );
  }
}

/** Throws `FormatError` where the file declares more pixels or scans than it can have. */
function checkFrame(where: string, file: Uint8Array): void {
  let scans = 0;
  for (let at = 2; at + 9 < file.length; at++) {
    if (file[at] !== 0xff) continue;
    const marker = file[at + 1]!;
    if (marker === 0xda && ++scans > MOST_SCANS)
      throw new FormatError(`${where}: byte ${at}: more than ${MOST_SCANS} scans`);
    // Start of a frame, of any kind; what looks so in other segments is read past.
    if (scans === 0 && marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      const height = file[at + 5]! * 256 + file[at + 6]!;
      const width = file[at + 7]! * 256 + file[at + 8]!;
      if (width * height > Math.min(MOST_PIXELS, PIXELS_IN_BYTE * file.length))
        throw new FormatError(`${where}: byte ${at}: ${width} x ${height} pixels in ${file.length} bytes`);
    }
    // Segments before the first scan say how long they are.
    if (scans === 0 && marker >= 0xc0 && marker !== 0xff && marker !== 0xd8)
      at += 1 + file[at + 2]! * 256 + file[at + 3]!;
  }
}
