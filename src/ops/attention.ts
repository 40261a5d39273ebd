/** `scaledDotProductAttention`: for each query the mean of the values, weighted by how well their keys fit it. */
import type { Tensor } from '../autograd/tensor.ts';
import { tidy } from '../autograd/tidy.ts';
import { requireDType, show } from '../values/dtype.ts';
import { ArgumentError, DtypeError, ShapeError } from '../values/errors.ts';
import { checkOptions } from '../values/options.ts';
import { broadcastShapes, sameShape, showShape } from '../values/shape.ts';
import { greaterEqual } from './compare.ts';
import { range } from './creation.ts';
import { dropout } from './dropout.ts';
import { type TensorLike, toTensor } from './input.ts';
import { matMul } from './mat-mul.ts';
import { mul } from './mul.ts';
import { reshape } from './reshape.ts';
import { softmax } from './softmax.ts';
import { where } from './where.ts';

export interface AttentionOptions {
  /** Bool, broadcast to (..., queries, keys): true where a query may look at a key. */
  mask?: TensorLike | undefined;
  /** Query i looks at keys up to i alone. Default false. */
  isCausal?: boolean;
  /** Factor of the products of queries and keys. Default `1 / sqrt(size)`, the size being that of a query. */
  scale?: number;
  /** Share of the weights that are set to 0 at random. Default 0. */
  dropoutRate?: number;
}

/** What stands for minus infinity, as in Keras: a query that may look at nothing stays finite. */
const LOWEST = { float32: -1e9, float16: -3e4 } as const;

/**
 * `softmax(scale query key^T) value` of `query` (..., queries, size), `key` (..., keys, size) and `value` (..., keys, columns), leading sizes
 * equal (Vaswani et al. 2017). Products and softmax are computed in f32, what lies between in the dtype of the inputs, float32 or float16.
 * Throws `ShapeError`, `DtypeError`, `ArgumentError`.
 */
export function scaledDotProductAttention(
  query: TensorLike,
  key: TensorLike,
  value: TensorLike,
  options: AttentionOptions = {},
): Tensor {
  const where_ = 'scaledDotProductAttention';
  checkOptions(where_, options, ['mask', 'isCausal', 'scale', 'dropoutRate']);
  return tidy(() => {
    const q = toTensor(where_, query);
    const [k, v] = [toTensor(where_, key, q), toTensor(where_, value, q)];
    checkInputs(where_, q, k, v);
    const { isCausal = false, scale = 1 / Math.sqrt(q.shape.at(-1)!), dropoutRate = 0 } = options;
    if (!Number.isFinite(scale)) throw new ArgumentError(`${where_}: scale ${show(scale)}; use a number`);
    // The factor goes to the queries: their product may pass float16's range before it is scaled.
    const scores = matMul(mul(q, scale), k, false, true);
    const allowed = maskOf(where_, options.mask, isCausal, scores);
    const lowest = LOWEST[scores.dtype as 'float32'];
    const kept = allowed.reduce((logits, mask) => where(mask, logits, lowest), scores);
    const weights = softmax(kept);
    return matMul(dropoutRate > 0 ? dropout(weights, dropoutRate) : weights, v);
  });
}

/** The masks to put on scores (..., queries, keys). */
function maskOf(
  where_: string,
  given: TensorLike | undefined,
  isCausal: boolean,
  { shape, engine }: Tensor,
): Tensor[] {
  const masks: Tensor[] = [];
  if (given !== undefined) {
    const mask = toTensor(where_, given);
    requireDType(where_, 'mask', mask.dtype, ['bool']);
    if (!sameShape(broadcastShapes(`${where_}: mask`, mask.shape, shape), shape))
      throw new ShapeError(
        `${where_}: mask is ${showShape(mask.shape)}; use one that broadcasts to ${showShape(shape)}`,
      );
    masks.push(mask);
  }
  if (isCausal) {
    const [queries, keys] = shape.slice(-2) as [number, number];
    const place = (count: number) => range(0, count, 1, 'int32', { engine });
    masks.push(greaterEqual(reshape(place(queries), [queries, 1]), place(keys)));
  }
  return masks;
}

function checkInputs(where_: string, q: Tensor, k: Tensor, v: Tensor): void {
  requireDType(where_, 'query', q.dtype, ['float32', 'float16']);
  const shown = `query is ${showShape(q.shape)}, key ${showShape(k.shape)}, value ${showShape(v.shape)}`;
  if (k.dtype !== q.dtype || v.dtype !== q.dtype)
    throw new DtypeError(
      `${where_}: dtypes differ: query is ${q.dtype}, key ${k.dtype}, value ${v.dtype}; cast them to one`,
    );
  const ranks = [q, k, v].map(({ rank }) => rank);
  const leads = [q, k, v].map(({ shape }) => shape.slice(0, -2));
  const fits =
    ranks.every((rank) => rank >= 2 && rank === ranks[0]) &&
    leads.every((lead) => sameShape(lead, leads[0]!)) &&
    q.shape.at(-1) === k.shape.at(-1) &&
    k.shape.at(-2) === v.shape.at(-2);
  if (fits) return;
  throw new ShapeError(
    `${where_}: ${shown}; use (..., queries, size), (..., keys, size) and (..., keys, columns)`,
  );
}
