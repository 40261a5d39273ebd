/** Columns of matrices, each or several tied together normalised by their own mean and variance, fused; and by given ones. */
import { gradientsThrough } from '../autograd/gradients-through.ts';
import { defineOp } from '../autograd/op.ts';
import type { Tensor } from '../autograd/tensor.ts';
import {
  columnMomentsKernel,
  normaliseColumnsGradientKernel,
  normaliseColumnsKernel,
} from '../kernels/normalise_columns.ts';
import { scaleColumnsKernel } from '../kernels/scale_columns.ts';
import { add } from './add.ts';
import { cast } from './cast.ts';
import { mean } from './mean.ts';
import { mul } from './mul.ts';
import type { RowWeights } from './normalise-rows.ts';
import { reshape } from './reshape.ts';
import { rsqrt } from './rsqrt.ts';
import { square } from './square.ts';
import { sub } from './sub.ts';
import { sum } from './sum.ts';

interface Attributes {
  readonly epsilon: number;
  /** Neighbouring columns that share their statistics. */
  readonly tied: number;
  readonly gamma: boolean;
  readonly beta: boolean;
}

function shapeOf(x: Tensor, { epsilon, tied }: Pick<Attributes, 'epsilon' | 'tied'>) {
  const [outer, reduced, columns] = x.shape as [number, number, number];
  return { outer, reduced, columns, tied, epsilon };
}

function weightsIn(weights: readonly Tensor[], { gamma, beta }: Pick<Attributes, 'gamma' | 'beta'>) {
  return { gamma: gamma ? weights[0] : undefined, beta: beta ? weights.at(-1) : undefined };
}

// Outputs: the result, then mean and variance of the tied columns.
const op = defineOp<Attributes>({
  name: 'batchNormalization',
  precision: 'infer',
  uniform: [0],
  infer: ([x], { tied }) => {
    const statistic = { shape: [x!.shape[0]!, x!.shape[2]! / tied], dtype: 'float32' } as const;
    return [{ shape: x!.shape, dtype: x!.dtype }, statistic, statistic];
  },
  forward: ([x, ...weights], [y, mean, variance], attributes) => {
    const shape = shapeOf(x!, attributes);
    const statistics = { mean: mean!, variance: variance! };
    columnMomentsKernel(x!, statistics, shape);
    normaliseColumnsKernel(x!, statistics, weightsIn(weights, attributes), y!, shape);
  },
  backward: ({ gradients: [g], inputs: [x, ...weights], outputs: [, mean, variance], attributes }) => {
    if (!g) return [x, ...weights].map(() => null);
    const gamma = attributes.gamma ? [weights[0]!] : [];
    const [byX, byGamma, byBeta] = gradientOp([g, x!, mean!, variance!, ...gamma], attributes);
    return [byX!, ...(attributes.gamma ? [byGamma!] : []), ...(attributes.beta ? [byBeta!] : [])];
  },
});

const gradientOp = defineOp<Attributes>({
  name: 'batchNormalizationGradient',
  precision: 'infer',
  uniform: [0, 1],
  infer: ([, x]) => {
    const weight = { shape: [x!.shape[2]!], dtype: 'float32' } as const;
    return [{ shape: x!.shape, dtype: x!.dtype }, weight, weight];
  },
  forward: ([g, x, mean, variance, gamma], [dx, byGamma, byBeta], attributes) =>
    normaliseColumnsGradientKernel(
      { g: g!, x: x!, gamma, mean: mean!, variance: variance! },
      { dx: dx!, gamma: byGamma!, beta: byBeta! },
      shapeOf(x!, attributes),
    ),
  backward: ({ gradients, attributes, ...step }) =>
    gradientsThrough(() => gradientByOps(step.inputs, attributes), step, gradients),
});

/** What the fused gradient computes, the statistics as functions of x. */
function gradientByOps([upstream, x, , , gamma]: readonly Tensor[], { epsilon, tied }: Attributes) {
  const { outer, reduced, columns } = shapeOf(x!, { epsilon, tied });
  const apart = (tensor: Tensor) => reshape(cast(tensor, 'float32'), [outer, reduced, columns / tied, tied]);
  const [g, wide] = [apart(upstream!), apart(x!)];
  const distance = sub(wide, mean(wide, [1, 3], true));
  const inverse = rsqrt(add(mean(square(distance), [1, 3], true), epsilon));
  const n = mul(distance, inverse);
  const a = gamma ? mul(g, reshape(gamma, [columns / tied, tied])) : g;
  const inner = sub(sub(a, mean(a, [1, 3], true)), mul(n, mean(mul(a, n), [1, 3], true)));
  return [
    cast(reshape(mul(inner, inverse), x!.shape), x!.dtype),
    reshape(sum(mul(g, n), [0, 1]), [columns]),
    reshape(sum(g, [0, 1]), [columns]),
  ];
}

/**
 * `(x - mean) / sqrt(variance + epsilon) gamma + beta` of `x` (outer, reduced, columns), by the mean and biased variance that `tied`
 * neighbouring columns of a matrix have together; those too, (outer, columns / tied), float32. Gamma and beta are (columns), float32.
 */
export function normaliseColumns(
  x: Tensor,
  { gamma, beta }: RowWeights,
  options: { readonly epsilon: number; readonly tied: number },
): { y: Tensor; mean: Tensor; variance: Tensor } {
  const weights = [gamma, beta].filter((weight) => weight !== undefined);
  const has = { gamma: gamma !== undefined, beta: beta !== undefined };
  const [y, mean, variance] = op([x, ...weights], { ...options, ...has });
  return { y: y!, mean: mean!, variance: variance! };
}

const givenOp = defineOp<Omit<Attributes, 'tied'>>({
  name: 'batchNormalization',
  precision: 'infer',
  uniform: [0],
  infer: ([x]) => [{ shape: x!.shape, dtype: x!.dtype }],
  forward: ([x, mean, variance, ...weights], [y], attributes) =>
    scaleColumnsKernel(
      ...([x!, { mean: mean!, variance: variance! }, weightsIn(weights, attributes), y!] as const),
      { columns: x!.shape[2]!, epsilon: attributes.epsilon },
    ),
  backward: ({ gradients, attributes: { epsilon, gamma, beta }, ...step }) => {
    const composition = () => {
      const [x, mean, variance, ...weights] = step.inputs;
      const own = weightsIn(weights, { gamma, beta });
      const scale = rsqrt(add(variance!, epsilon));
      const scaled = mul(sub(cast(x!, 'float32'), mean!), own.gamma ? mul(scale, own.gamma) : scale);
      return [cast(own.beta ? add(scaled, own.beta) : scaled, x!.dtype)];
    };
    return gradientsThrough(composition, step, gradients);
  },
});

/** The same by a mean and a variance that are given, (columns), float32. */
export function normaliseColumnsBy(
  x: Tensor,
  { mean, variance }: { readonly mean: Tensor; readonly variance: Tensor },
  { gamma, beta }: RowWeights,
  epsilon: number,
): Tensor {
  const weights = [gamma, beta].filter((weight) => weight !== undefined);
  const has = { gamma: gamma !== undefined, beta: beta !== undefined };
  return givenOp([x, mean, variance, ...weights], { epsilon, ...has })[0]!;
}
