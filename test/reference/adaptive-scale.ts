// Reference: adaptive loss scaling in f64: what layer a gradient and a weight give which power of two (Zhao, Vogel and Ahmed 2019).

export interface Statistics {
  readonly meanSquare: number;
  readonly largest: number;
}

export function statisticsOf(values: ArrayLike<number>): Statistics {
  let [sum, largest] = [0, 0];
  for (const value of Array.from(values)) {
    sum += value * value;
    // Not Math.max alone, which NaN passes through: it must stay.
    largest = Number.isNaN(value) ? value : Math.max(largest, Math.abs(value));
  }
  // The kernel sums squares of 2^32 x in float32; where that cannot hold them, the largest stands for all.
  const held = sum * 2 ** 64 >= 2 ** -126 && sum * 2 ** 64 < 2 ** 128;
  return { meanSquare: held ? sum / values.length : largest ** 2, largest };
}

export interface Situation {
  readonly gradient: ArrayLike<number>;
  /** The weight that the gradient is multiplied with, and the number of products in a sum. */
  readonly factor?: { readonly weight: ArrayLike<number>; readonly terms: number };
  readonly underflow: number;
  readonly retreat: number;
  /** The gradient comes in float32 and goes on in float16. */
  readonly enters: boolean;
}

const SMALLEST_HALF = 2 ** -24;
const LARGEST = 60000;

/** The exponent of a layer's scale; `before` where the gradient or the weight says nothing. */
export function exponentOf(situation: Situation, before: number): number {
  const { gradient, factor, underflow, retreat, enters } = situation;
  const g = statisticsOf(gradient);
  const w = factor ? statisticsOf(factor.weight) : { meanSquare: 1, largest: 1 };
  const usable = ({ largest }: Statistics) => largest >= 2 ** -126 && largest < Infinity;
  if (!usable(g) || !usable(w)) return before;
  const sigma =
    Math.sqrt(g.meanSquare) * Math.sqrt(w.meanSquare) * (factor ? Math.sqrt(factor.terms / 2) : 1);
  const raise = Math.ceil(Math.log2(SMALLEST_HALF / (underflow * sigma)));
  const gain = factor ? Math.max(1, factor.terms * w.largest) : 1;
  const bound = Math.floor(Math.log2(LARGEST / (g.largest * gain)));
  return Math.min(Math.max(raise - retreat, enters ? -retreat : 0), bound - retreat);
}

export interface StepWords {
  readonly steps: number;
  readonly refresh: number;
  readonly retreat: number;
  readonly finite: number;
}

/** The words of a step, from those of the step before and whether that was skipped. */
export function begin(
  { steps, retreat, finite }: StepWords,
  skipped: boolean,
  { refreshSteps, growthSteps }: { readonly refreshSteps: number; readonly growthSteps: number },
): StepWords {
  const refresh = skipped || steps % refreshSteps === 0 ? 1 : 0;
  if (skipped) return { steps: steps + 1, refresh, retreat: Math.min(retreat + 1, 24), finite: 0 };
  if (finite + 1 < growthSteps) return { steps: steps + 1, refresh, retreat, finite: finite + 1 };
  return { steps: steps + 1, refresh, retreat: Math.max(retreat - 1, 0), finite: 0 };
}
