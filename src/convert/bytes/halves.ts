/** Weights as halves, for files. */
import { ArgumentError } from '../../values/errors.ts';
import { toHalves } from '../../values/half.ts';

/** Throws `ArgumentError` where a weight is beyond what halves hold. */
export function halvesOf(name: string, values: Float32Array): Uint16Array {
  const beyond = values.find((value) => Number.isFinite(value) && Math.abs(value) >= 65520);
  if (beyond === undefined) return toHalves(values);
  throw new ArgumentError(`save: ${name} holds ${beyond}, beyond float16's 65504; leave halfWeights out`);
}
