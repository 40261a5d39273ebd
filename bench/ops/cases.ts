/**
 * The ops of real networks, one entry a case: what it takes, what it must give, and how Halftape is asked for it. A case that
 * peers are to run too has an entry of the same name in `peers/tfjs-ops.ts` and `peers/jax-ops.ts`.
 */
import * as ht from '../../src/node.ts';
import type { OpInput } from '../peers/peer.ts';
import {
  attention,
  convolved,
  convolvedByFilter,
  convolvedByImage,
  depthwise,
  depthwiseByFilter,
  type Plain,
  type Reference,
} from './references.ts';
import { crossEntropy, EPSILON, layerNormalization, segmentSum } from './row-references.ts';

/** How large the cases are: of everything that a batch has many of, so many. */
export interface Scale {
  readonly images: number;
  readonly heads: number;
  readonly rows: number;
}

export interface OpCase {
  readonly name: string;
  inputs(scale: Scale): readonly OpInput[];
  /** Multiplications and additions; without, the case counts the bytes of inputs and results. */
  flops?(...inputs: readonly OpInput[]): number;
  references(...inputs: readonly Plain[]): readonly Reference[];
  /** Does once what need not be done each time; what it gives back is timed. */
  ours(...inputs: readonly ht.Tensor[]): () => readonly ht.Tensor[];
}

type Forward = (...inputs: readonly ht.Tensor[]) => ht.Tensor;

/** The result, and its gradients by `inputs`, as a step of training has both. */
function withGradients(fn: Forward, inputs: readonly ht.Tensor[], upstream: ht.Tensor) {
  return () => {
    const tape = new ht.GradientTape();
    tape.watch(...inputs);
    const y = tape.record(() => fn(...inputs));
    return [y, ...tape.gradient(y, inputs, { outputGradients: upstream })];
  };
}

/** The gradient by `input` alone: forward has been. */
function gradientAlone(fn: Forward, input: ht.Tensor, upstream: ht.Tensor) {
  const tape = new ht.GradientTape({ persistent: true });
  tape.watch(input);
  const y = tape.record(() => fn(input));
  return () => [tape.gradient(y, input, { outputGradients: upstream })!];
}

const zeros = (shape: readonly number[], { engine, dtype }: ht.Tensor) =>
  ht.zeros([...shape], dtype, { engine });
const product = (shape: readonly number[]) => shape.reduce((a, b) => a * b);

const CHANNELS = 64;
const WINDOW = [3, 3] as const;
const FILTER: OpInput = { shape: [...WINDOW, CHANNELS, CHANNELS] };
const OWN_FILTERS: OpInput = { shape: [...WINDOW, CHANNELS, 1] };
const images = (scale: Scale): OpInput => ({ shape: [scale.images, 56, 56, CHANNELS] });
const convFlops = (image: OpInput) => 2 * product(image.shape) * product(FILTER.shape.slice(0, 3));
const ownFlops = (image: OpInput) => 2 * product(image.shape) * product(WINDOW);
const conv2d: Forward = (x, filter) => ht.conv2d(x!, filter!, 1, 'same');
const depthwiseConv2d: Forward = (x, filter) => ht.depthwiseConv2d(x!, filter!, 1, 'same');

const [LENGTH, SIZE] = [128, 64];
const heads = (scale: Scale): OpInput => ({ shape: [scale.heads, LENGTH, SIZE] });
/** Scores and the sum of values, forward; backward five such products. */
const attentionFlops = ({ shape }: OpInput, products: number) => 2 * product(shape) * LENGTH * products;
const scaledDotProductAttention: Forward = (q, k, v) => ht.scaledDotProductAttention(q!, k!, v!);

const COLUMNS = 768;
const CLASSES = 8192;
const WIDTH = 256;
const normalise: Forward = (x, gamma, beta) => ht.layerNormalization(x!, { gamma, beta, epsilon: EPSILON });

export const OP_CASES: readonly OpCase[] = [
  {
    name: 'conv2d 3x3x64',
    inputs: (scale) => [images(scale), FILTER],
    flops: convFlops,
    references: (x, filter) => [convolved(x!, filter!)],
    ours: (x, filter) => () => [conv2d(x!, filter!)],
  },
  {
    name: 'conv2d 3x3x64 by image',
    inputs: (scale) => [images(scale), FILTER],
    flops: convFlops,
    references: (dy, filter) => [convolvedByImage(dy!, filter!)],
    ours: (dy, filter) => gradientAlone((x) => conv2d(x!, filter!), zeros(dy!.shape, dy!), dy!),
  },
  {
    name: 'conv2d 3x3x64 by filter',
    inputs: (scale) => [images(scale), images(scale)],
    flops: convFlops,
    references: (x, dy) => [convolvedByFilter(x!, dy!, WINDOW)],
    ours: (x, dy) => gradientAlone((filter) => conv2d(x!, filter!), zeros(FILTER.shape, x!), dy!),
  },
  {
    name: 'depthwise 3x3',
    inputs: (scale) => [images(scale), OWN_FILTERS],
    flops: ownFlops,
    references: (x, filter) => [depthwise(x!, filter!, false)],
    ours: (x, filter) => () => [depthwiseConv2d(x!, filter!)],
  },
  {
    name: 'depthwise 3x3 by image',
    inputs: (scale) => [images(scale), OWN_FILTERS],
    flops: ownFlops,
    references: (dy, filter) => [depthwise(dy!, filter!, true)],
    ours: (dy, filter) => gradientAlone((x) => depthwiseConv2d(x!, filter!), zeros(dy!.shape, dy!), dy!),
  },
  {
    name: 'depthwise 3x3 by filter',
    inputs: (scale) => [images(scale), images(scale)],
    flops: ownFlops,
    references: (x, dy) => [depthwiseByFilter(x!, dy!, WINDOW)],
    ours: (x, dy) =>
      gradientAlone((filter) => depthwiseConv2d(x!, filter!), zeros(OWN_FILTERS.shape, x!), dy!),
  },
  {
    name: 'attention',
    inputs: (scale) => [heads(scale), heads(scale), heads(scale)],
    flops: (q) => attentionFlops(q!, 2),
    references: (q, k, v) => attention(q!, k!, v!),
    ours: (q, k, v) => () => [scaledDotProductAttention(q!, k!, v!)],
  },
  {
    name: 'attention + gradients',
    inputs: (scale) => [heads(scale), heads(scale), heads(scale), heads(scale)],
    flops: (q) => attentionFlops(q!, 2 + 5),
    references: (q, k, v, dy) => attention(q!, k!, v!, dy),
    ours: (q, k, v, dy) => withGradients(scaledDotProductAttention, [q!, k!, v!], dy!),
  },
  {
    name: 'layer normalisation',
    inputs: (scale) => [{ shape: [scale.rows, COLUMNS] }, { shape: [COLUMNS] }, { shape: [COLUMNS] }],
    references: (x, gamma, beta) => layerNormalization(x!, gamma!, beta!),
    ours: (x, gamma, beta) => () => [normalise(x!, gamma!, beta!)],
  },
  {
    name: 'layer normalisation + gradients',
    inputs: (scale) => [
      ...[{ shape: [scale.rows, COLUMNS] }, { shape: [COLUMNS] }, { shape: [COLUMNS] }],
      { shape: [scale.rows, COLUMNS] },
    ],
    references: (x, gamma, beta, dy) => layerNormalization(x!, gamma!, beta!, dy),
    ours: (x, gamma, beta, dy) => withGradients(normalise, [x!, gamma!, beta!], dy!),
  },
  {
    name: 'cross-entropy + gradient',
    inputs: ({ rows }) => [
      { shape: [rows / 8, CLASSES] },
      { shape: [rows / 8], classes: CLASSES },
      { shape: [rows / 8], dtype: 'float32' },
    ],
    references: (logits, labels, dy) => crossEntropy(logits!, labels!, dy!),
    ours: (logits, labels, dy) => withGradients((x) => ht.softmaxCrossEntropy(x!, labels!), [logits!], dy!),
  },
  {
    name: 'embedding gradient',
    inputs: ({ rows }) => [{ shape: [rows, WIDTH] }, { shape: [rows], classes: CLASSES }],
    references: (dy, ids) => [segmentSum(dy!, ids!, CLASSES)],
    ours: (dy, ids) =>
      gradientAlone((table) => ht.embeddingLookup(table!, ids!), zeros([CLASSES, WIDTH], dy!), dy!),
  },
];
