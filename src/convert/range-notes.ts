/** What plans say of values that float16 holds badly. */
import { HALF_MAX } from '../values/half.ts';
import { threeDigits } from '../values/text-table.ts';
import type { Range } from './ranges.ts';

/** Room that results should have below 65504: sample inputs are not all inputs. */
export const ROOM = 4;

/** Worth a word: more than this share. */
const SHARE = 0.01;

/** A note on results up to `largest` that fit, without the room that they should have. */
export function nearOverflow(largest: number): readonly string[] {
  return largest * ROOM > HALF_MAX ? [`near overflow: results up to ${threeDigits(largest)}`] : [];
}

export function lossNotes(
  what: string,
  { nonzero, vanishing, subnormal }: Pick<Range, 'nonzero' | 'vanishing' | 'subnormal'>,
): readonly string[] {
  const share = (count: number) => `${((count / nonzero) * 100).toFixed(1)} %`;
  return [
    ...(vanishing > SHARE * nonzero ? [`${share(vanishing)} of its ${what} vanish`] : []),
    ...(subnormal > SHARE * nonzero ? [`${share(subnormal)} of its ${what} are subnormal`] : []),
  ];
}
