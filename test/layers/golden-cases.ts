// Cases in which layers are compared with TensorFlow.js: one row a case. After a change: npx tsx bench/peers/layer-goldens.ts.
import { type Draw, distinct, integers, randomOf, steps } from '../ops/draws.ts';
import { sizeOf } from '../reference/array.ts';
import type { GoldenCase } from './golden-case.ts';
import { GOLDEN_CONVOLUTIONS } from './golden-convolutions.ts';
import { GOLDEN_PLAIN } from './golden-plain.ts';
import { GOLDEN_RECURRENT } from './golden-recurrent.ts';

export interface Golden {
  readonly name: string;
  /** Elements of all results behind each other. */
  readonly y: readonly number[];
  /** The inputs, then the weights, after a step of `RATE` against the gradient of `loss`; null for what has none. */
  readonly stepped?: readonly (readonly number[] | null)[];
}

export const GOLDEN_CASES: readonly GoldenCase[] = [
  ...GOLDEN_PLAIN,
  ...GOLDEN_CONVOLUTIONS,
  ...GOLDEN_RECURRENT,
];

/** The loss is the sum over the results of their mean squared differences from their targets. */
export const RATE = 0.5;

export function goldenName({ layer, config, inner, inputs, ...rest }: GoldenCase): string {
  const { peer: _, ...flags } = rest;
  const within = inner ? ` of ${inner.layer} ${JSON.stringify(inner.config)}` : '';
  const more = Object.keys(flags).length > 0 ? ` ${JSON.stringify(flags)}` : '';
  return `${layer} ${JSON.stringify(config ?? {})}${within} (${inputs.join('), (')})${more}`;
}

/** The inputs of a case, and what draws the rest of it: unless the case says otherwise, all that is drawn is exact as halves. */
export function goldenDraws(row: GoldenCase): {
  inputs: number[][];
  draw(shape: readonly number[]): number[];
} {
  const random = randomOf(goldenName(row));
  const weights = row.normal ? gaussian(0.25) : steps(-0.5, 0.5);
  const inputs = row.inputs.map((shape, i) => {
    if (row.ids !== undefined) return integers(0, row.ids - 1).draw(random, shape, i);
    // No two are equal, of one input or of two: of equals TensorFlow.js gives each the gradient of a maximum.
    const values = row.normal
      ? gaussian(1).draw(random, shape, i)
      : distinct.draw(random, shape, i).map((value) => (value + (i + 1) / 4) / 64);
    if (!row.masked) return values;
    const [features, count] = [shape[2]!, shape[1]!];
    // Of every sample the steps before its own number are left out, and a step in the middle.
    return values.map((value, place) => {
      const step = Math.floor(place / features) % count;
      const sample = Math.floor(place / features / count);
      return step < sample % count || step === (sample + 2) % count ? 0 : value;
    });
  });
  let position = row.inputs.length;
  const draw = (shape: readonly number[]) => {
    const values = weights.draw(random, shape, position++ % 4);
    // Among the weights of batch normalisation are variances.
    return row.layer === 'batchNormalization' ? values.map((value) => Math.abs(value) + 0.5) : values;
  };
  return { inputs, draw };
}

/** By Box and Muller. */
function gaussian(deviation: number): Draw {
  return {
    draw: (random, shape) =>
      Array.from({ length: sizeOf(shape) }, () =>
        Math.fround(deviation * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())),
      ),
  };
}
