/** Attention whose scores are never stored, forward and backward, beside the composition of ops that it equals. */
import { defineOp } from '../autograd/op.ts';
import type { Tensor } from '../autograd/tensor.ts';
import {
  type AttentionCall,
  attentionGradientKernel,
  attentionKernel,
  LONGEST_ROW,
  type MaskAccess,
} from '../kernels/attention.ts';
import { broadcastStrides, type Shape, sizeOf } from '../values/shape.ts';
import { secondDerivatives } from './second-derivative.ts';
import { broadcastTo } from './sum.ts';

interface Attributes {
  readonly scale: number;
  readonly lowest: number;
  readonly isCausal: boolean;
  /** The same attention by other ops, whose derivatives are those of the gradient. */
  readonly composition: (q: Tensor, k: Tensor, v: Tensor, mask: Tensor | undefined) => Tensor;
}

function callOf(
  [q, k, v, mask]: readonly Tensor[],
  { scale, lowest, isCausal }: Omit<Attributes, 'composition'>,
): AttentionCall {
  const lead = q!.shape.slice(0, -2);
  const [queries, size] = q!.shape.slice(-2) as [number, number];
  const [keys, columns] = [k!.shape.at(-2)!, v!.shape.at(-1)!];
  return {
    ...{ matrices: sizeOf(lead), queries, keys, size, columns, scale, lowest, isCausal },
    mask: mask && maskAccess(mask, [...lead, queries, keys]),
  };
}

/** Leading axes of scores, merged where a mask goes through them evenly. */
function leadsOf(mask: Shape, scores: Shape): { size: number; stride: number }[] {
  const strides = broadcastStrides(mask, scores);
  const merged: { size: number; stride: number }[] = [];
  for (const [axis, size] of scores.slice(0, -2).entries()) {
    const stride = strides[axis]!;
    const before = merged.at(-1);
    if (size === 1) continue;
    if (before && before.stride === stride * size) {
      before.size *= size;
      before.stride = stride;
    } else merged.push({ size, stride });
  }
  return merged;
}

function maskAccess(operand: Tensor, scores: Shape): MaskAccess {
  const [row, column] = broadcastStrides(operand.shape, scores).slice(-2) as [number, number];
  const leads = leadsOf(operand.shape, scores);
  const { size, stride } = leads.at(-1) ?? { size: 1, stride: 0 };
  const outer = leads.length > 1 ? leads[0]!.stride : 0;
  return { operand, inner: size, strides: { outer, inner: stride, row, column } };
}

// Outputs: the result, then peak and inverse sum of each query, which the gradient reads.
const op = defineOp<Attributes>({
  name: 'flashAttention',
  precision: 'allow',
  uniform: [0, 1, 2],
  infer: ([q, , v]) => [
    { shape: [...q!.shape.slice(0, -1), v!.shape.at(-1)!], dtype: q!.dtype },
    { shape: [...q!.shape.slice(0, -1), 2], dtype: 'float32' },
  ],
  forward: (inputs, [y, statistics], attributes) => {
    const [q, k, v] = inputs;
    attentionKernel({ q: q!, k: k!, v: v! }, { y: y!, statistics: statistics! }, callOf(inputs, attributes));
  },
  backward: ({ gradients: [g], inputs, outputs: [y, statistics], attributes }) => {
    const found = gradientOp([...inputs.slice(0, 3), g!, y!, statistics!, ...inputs.slice(3)], attributes);
    return [...found, ...inputs.slice(3).map(() => null)];
  },
});

const gradientOp = defineOp<Attributes>({
  name: 'flashAttentionGradient',
  precision: 'allow',
  uniform: [0, 1, 2, 3, 4],
  infer: (inputs) => inputs.slice(0, 3).map(({ shape, dtype }) => ({ shape, dtype })),
  forward: ([q, k, v, g, y, statistics, ...mask], [dq, dk, dv], attributes) =>
    attentionGradientKernel(
      { q: q!, k: k!, v: v! },
      { g: g!, y: y!, statistics: statistics! },
      { dq: dq!, dk: dk!, dv: dv! },
      callOf([q!, k!, v!, ...mask], attributes),
    ),
  backward: ({ gradients, inputs, attributes }) => {
    const { composition } = attributes;
    const found = secondDerivatives(
      (q, k, v) => [composition(q!, k!, v!, inputs[6])],
      inputs.slice(0, 3),
      [inputs[3]!],
      gradients,
    );
    // What the result and its statistics are functions of is counted already.
    return [...found, ...inputs.slice(4).map(() => null)];
  },
});

/** Why `flashAttention` cannot be used for rows of these lengths; undefined where it can. */
export function refusedByFlash(size: number, columns: number, dropoutRate: number): string | undefined {
  if (dropoutRate > 0) return `dropoutRate ${dropoutRate}`;
  if (size <= LONGEST_ROW && columns <= LONGEST_ROW) return undefined;
  return `rows of ${Math.max(size, columns)} elements; it takes ${LONGEST_ROW} at most`;
}

/** Attention of q (..., queries, size), k (..., keys, size) and v (..., keys, columns), of one dtype; `mask` broadcasts to (..., queries, keys). */
export function flashAttention(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  mask: Tensor | undefined,
  attributes: Attributes,
): Tensor {
  const scores = [...q.shape.slice(0, -1), k.shape.at(-2)!];
  const even = !mask || leadsOf(mask.shape, scores).length <= 2;
  // A mask that leaves out axes here and there is spread over the leading ones.
  const own = even ? mask : broadcastTo(mask, [...scores.slice(0, -2), ...padShape(mask.shape)]);
  const [y, statistics] = op([q, k, v, ...(own ? [own] : [])], attributes);
  statistics!.dispose();
  return y!;
}

/** The last two axes of a shape, 1 where it has less. */
function padShape(shape: Shape): Shape {
  return [1, 1, ...shape].slice(-2);
}
