/** Rows of a matrix, each normalised by its own mean and variance, fused; the op that its gradient is, fused too. */
import { gradientsThrough } from '../autograd/gradients-through.ts';
import { defineOp } from '../autograd/op.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { normaliseRowsGradientKernel, normaliseRowsKernel } from '../kernels/normalise_rows.ts';
import { add } from './add.ts';
import { cast } from './cast.ts';
import { mean } from './mean.ts';
import { mul } from './mul.ts';
import { rsqrt } from './rsqrt.ts';
import { square } from './square.ts';
import { sub } from './sub.ts';
import { sum } from './sum.ts';

export interface RowWeights {
  readonly gamma: Tensor | undefined;
  readonly beta: Tensor | undefined;
}

interface Attributes {
  readonly epsilon: number;
  readonly centred: boolean;
  readonly gamma: boolean;
  readonly beta: boolean;
}

function shapeOf(x: Tensor, { epsilon, centred }: Attributes) {
  const [rows, columns] = x.shape as [number, number];
  return { rows, columns, epsilon, centred };
}

// Outputs: the result, then mean and inverse deviation of each row, which the gradient reads.
const op = defineOp<Attributes>({
  name: 'layerNormalization',
  precision: 'infer',
  uniform: [0],
  infer: ([x]) => {
    const statistic = { shape: [x!.shape[0]!], dtype: 'float32' } as const;
    return [{ shape: x!.shape, dtype: x!.dtype }, statistic, statistic];
  },
  forward: ([x, ...weights], [y, mean, inverse], attributes) => {
    const gamma = attributes.gamma ? weights[0] : undefined;
    const beta = attributes.beta ? weights.at(-1) : undefined;
    const statistics = { mean: mean!, inverse: inverse! };
    normaliseRowsKernel(x!, { gamma, beta }, y!, statistics, shapeOf(x!, attributes));
  },
  backward: ({ gradients: [g], inputs: [x, ...weights], outputs: [, mean, inverse], attributes, needs }) => {
    const byWeights = needs.slice(1).includes(true);
    const gamma = attributes.gamma ? [weights[0]!] : [];
    const found = gradientOp([g!, x!, mean!, inverse!, ...gamma], {
      ...{ ...attributes, byX: needs[0]!, byWeights },
    });
    const byX = needs[0] ? found.shift()! : null;
    const [byGamma = null, byBeta = null] = found;
    return [byX, ...(attributes.gamma ? [byGamma] : []), ...(attributes.beta ? [byBeta] : [])];
  },
});

interface GradientAttributes extends Attributes {
  readonly byX: boolean;
  /** By gamma and beta, both. */
  readonly byWeights: boolean;
}

const gradientOp = defineOp<GradientAttributes>({
  name: 'layerNormalizationGradient',
  precision: 'infer',
  uniform: [0, 1],
  infer: ([, x], { byX, byWeights }) => {
    const weight = { shape: [x!.shape[1]!], dtype: 'float32' } as const;
    return [...(byX ? [{ shape: x!.shape, dtype: x!.dtype }] : []), ...(byWeights ? [weight, weight] : [])];
  },
  forward: ([g, x, mean, inverse, gamma], outputs, attributes) => {
    const [byGamma, byBeta] = outputs.slice(attributes.byX ? 1 : 0);
    normaliseRowsGradientKernel(
      { g: g!, x: x!, gamma, mean: mean!, inverse: inverse! },
      {
        dx: attributes.byX ? outputs[0] : undefined,
        weights: attributes.byWeights ? { gamma: byGamma!, beta: byBeta! } : undefined,
      },
      shapeOf(x!, attributes),
    );
  },
  backward: ({ gradients, attributes, ...step }) =>
    gradientsThrough(() => gradientByOps(step.inputs, attributes), step, gradients),
});

/** What the fused gradient computes, the statistics as functions of x. */
function gradientByOps(
  [upstream, x, , , gamma]: readonly Tensor[],
  { epsilon, centred, byX, byWeights }: GradientAttributes,
): readonly Tensor[] {
  const [g, wide] = [cast(upstream!, 'float32'), cast(x!, 'float32')];
  const distance = centred ? sub(wide, mean(wide, 1, true)) : wide;
  const inverse = rsqrt(add(mean(square(distance), 1, true), epsilon));
  const n = mul(distance, inverse);
  const a = gamma ? mul(g, gamma) : g;
  const inner = sub(a, mul(n, mean(mul(a, n), 1, true)));
  return [
    ...(byX ? [cast(mul(centred ? sub(inner, mean(a, 1, true)) : inner, inverse), x!.dtype)] : []),
    ...(byWeights ? [sum(mul(g, n), 0), sum(g, 0)] : []),
  ];
}

/**
 * `(x - mean) / sqrt(variance + epsilon) gamma + beta` for each row of `x` (rows, columns), in f32; not `centred`, the mean is
 * taken for 0. Gamma and beta are (columns), float32.
 */
export function normaliseRows(
  x: Tensor,
  { gamma, beta }: RowWeights,
  options: { readonly epsilon: number; readonly centred: boolean },
): Tensor {
  const weights = [gamma, beta].filter((weight) => weight !== undefined);
  const has = { gamma: gamma !== undefined, beta: beta !== undefined };
  const [y, ...statistics] = op([x, ...weights], { ...options, ...has });
  for (const statistic of statistics) statistic.dispose();
  return y!;
}
