/** How optimizers change float16 variables: for training without float32 masters. */
import type { Tensor } from '../../autograd/tensor.ts';
import type { Variable } from '../../autograd/variable.ts';
import type { Rounding } from '../../kernels/optimizer.ts';
import { list, show } from '../../values/dtype.ts';
import { ArgumentError } from '../../values/errors.ts';

const SLOT_DTYPES = ['float32', 'float16'] as const;

export type SlotDType = (typeof SLOT_DTYPES)[number];

const FLOAT16_WEIGHTS = ['nearest', 'stochastic', 'kahan'] as const;

export type Float16Weights = (typeof FLOAT16_WEIGHTS)[number];

export interface Float16Options {
  /**
   * How float16 variables, those of the policy `'float16'`, take a new value, which is computed in float32; variables in float32 know
   * nothing of it. Default `'nearest'`.
   *
   * - `'nearest'`: an update below half a step between halves, about 1/4096 of the weight, is lost.
   * - `'stochastic'`: up or down at random, so that the expected value is the unrounded one (Gupta et al. 2015). The numbers go by the
   *   engine's seed, the iteration and the weight's place: a run can be repeated, and goes on from a checkpoint as it would have.
   * - `'kahan'`: what rounding took off is kept in a float16 slot, `compensation` (as 2048 times itself), and added in the next
   *   step (Zamirai et al. 2020). Weights then have some 22 bits; the model sees the upper 11.
   *
   * Bytes a weight, without gradients: 2 (`'kahan'`: 4), and 4 for each slot (Adam has two), or 2 by `slotDType`. Float32 masters
   * with their copies take 6, and 4 for each slot.
   */
  float16Weights?: Float16Weights;
  /**
   * Of float16 variables' slots, such as Adam's moments. Default `'float32'`: squares of gradients below 2.4e-4 are 0 in float16, and
   * what is divided by their root is then far too large. Moving averages and gathered gradients are float32 always.
   */
  slotDType?: SlotDType;
}

/** The name of the slot for what rounding took off. */
export const COMPENSATION = 'compensation';

/** The same options, with what is not given as it is by default. Throws `ArgumentError`. */
export function checkFloat16(name: string, options: Float16Options): Required<Float16Options> {
  const { float16Weights = 'nearest', slotDType = 'float32' } = options;
  if (!FLOAT16_WEIGHTS.includes(float16Weights))
    throw new ArgumentError(`${name}: float16Weights ${show(float16Weights)}; use ${list(FLOAT16_WEIGHTS)}`);
  if (!SLOT_DTYPES.includes(slotDType))
    throw new ArgumentError(`${name}: slotDType ${show(slotDType)}; use ${list(SLOT_DTYPES)}`);
  return { float16Weights, slotDType };
}

/** Those that are not as they are by default. */
export function float16Config({ float16Weights, slotDType }: Required<Float16Options>): Float16Options {
  return {
    ...(float16Weights === 'nearest' ? {} : { float16Weights }),
    ...(slotDType === 'float32' ? {} : { slotDType }),
  };
}

/** How this variable is changed. */
export function float16WeightsOf(
  { dtype, overwriteWithGradient }: Variable,
  asked: Float16Weights,
): Float16Weights {
  return dtype === 'float16' && !overwriteWithGradient ? asked : 'nearest';
}

/** What kernels take; `part` tells apart what one step changes. */
export function roundingOf(
  kind: Float16Weights,
  slots: Readonly<Record<string, Tensor>>,
  part: number,
): Rounding | undefined {
  if (kind === 'stochastic') return { kind: 'STOCHASTIC', stream: 2 * part };
  if (kind === 'kahan') return { kind: 'KAHAN', compensation: slots[COMPENSATION]!.storage };
  return undefined;
}
