/** `scaledDotProductAttention`: for each query the mean of the values, weighted by how well their keys fit it. */
import { asOne, autocaster, nameOp } from '../autograd/autocasting.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { tidy } from '../autograd/tidy.ts';
import { requireDType, show } from '../values/dtype.ts';
import { ArgumentError, ShapeError } from '../values/errors.ts';
import { checkOptions } from '../values/options.ts';
import { broadcastShapes, type Shape, sameShape, showShape } from '../values/shape.ts';
import { greaterEqual } from './compare.ts';
import { range } from './creation.ts';
import { dropout } from './dropout.ts';
import { flashAttention, refusedByFlash } from './flash-attention.ts';
import { requireOneDType, type TensorLike, toTensor } from './input.ts';
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
  /**
   * Whether it is one kernel, which never stores the scores: their memory is saved, and on graphics cards time too. True demands that, false
   * forbids it. Default: where it can be used, but for small scores where a processor plays the GPU.
   */
  flashAttention?: boolean;
}

nameOp('scaledDotProductAttention');

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
  checkOptions(where_, options, ['mask', 'isCausal', 'scale', 'dropoutRate', 'flashAttention']);
  return tidy(() => {
    const first = toTensor(where_, query);
    const given = [first, toTensor(where_, key, first), toTensor(where_, value, first)];
    return asOne(where_, given, (inputs) => attended(where_, inputs, options));
  });
}

function attended(where_: string, inputs: readonly Tensor[], options: AttentionOptions): Tensor {
  const [q, k, v] = inputs as [Tensor, Tensor, Tensor];
  checkInputs(where_, q, k, v);
  const { isCausal = false, scale = 1 / Math.sqrt(q.shape.at(-1)!), dropoutRate = 0 } = options;
  if (!Number.isFinite(scale)) throw new ArgumentError(`${where_}: scale ${show(scale)}; use a number`);
  const mask = maskOf(where_, options.mask, [...q.shape.slice(0, -1), k.shape.at(-2)!], q);
  const composition = (...[queries, keys, values, shown]: [Tensor, Tensor, Tensor, Tensor | undefined]) =>
    composed(queries, keys, values, { mask: shown, isCausal, scale, dropoutRate });
  const refused = refusedByFlash(q.shape.at(-1)!, v.shape.at(-1)!, dropoutRate);
  if (refused && options.flashAttention)
    throw new ArgumentError(`${where_}: flashAttention true with ${refused}; leave it out`);
  if (refused || !(options.flashAttention ?? paysOff(q, k))) return composition(q, k, v, mask);
  const lowest = LOWEST[q.dtype as 'float32'];
  return flashAttention(q, k, v, mask, { scale, lowest, isCausal, composition });
}

/** Scores above which a software adapter, whose products of whole matrices are faster than those in tiles, spares their memory all the same. */
const MANY_SCORES = 2 ** 24;

function paysOff(q: Tensor, k: Tensor): boolean {
  return !q.engine.info.software || (q.size / q.shape.at(-1)!) * k.shape.at(-2)! > MANY_SCORES;
}

interface Composition {
  readonly mask: Tensor | undefined;
  readonly isCausal: boolean;
  readonly scale: number;
  readonly dropoutRate: number;
}

/** The same by other ops: what the kernel equals. */
function composed(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  { mask, isCausal, scale, dropoutRate }: Composition,
): Tensor {
  const masks = [...(mask ? [mask] : []), ...(isCausal ? [causalMask(q, k)] : [])];
  // The factor goes to the queries: their product may pass float16's range before it is scaled.
  const scores = matMul(mul(q, scale), k, false, true);
  const lowest = LOWEST[scores.dtype as 'float32'];
  const weights = softmax(masks.reduce((logits, mask) => where(mask, logits, lowest), scores));
  return matMul(dropoutRate > 0 ? dropout(weights, dropoutRate) : weights, v);
}

/** Throws `DtypeError` or `ShapeError` unless it is a mask of scores (..., queries, keys). */
function maskOf(
  where_: string,
  given: TensorLike | undefined,
  scores: Shape,
  like: Tensor,
): Tensor | undefined {
  if (given === undefined) return undefined;
  const mask = toTensor(where_, given, like);
  requireDType(where_, 'mask', mask.dtype, ['bool']);
  if (sameShape(broadcastShapes(`${where_}: mask`, mask.shape, scores), scores)) return mask;
  throw new ShapeError(
    `${where_}: mask is ${showShape(mask.shape)}; use one that broadcasts to ${showShape(scores)}`,
  );
}

/** (queries, keys): true from key 0 to the query's own place. */
function causalMask({ shape, engine }: Tensor, key: Tensor): Tensor {
  const [queries, keys] = [shape.at(-2)!, key.shape.at(-2)!];
  const place = (count: number) => range(0, count, 1, 'int32', { engine });
  return greaterEqual(reshape(place(queries), [queries, 1]), place(keys));
}

function checkInputs(where_: string, q: Tensor, k: Tensor, v: Tensor): void {
  requireDType(where_, 'query', q.dtype, ['float32', 'float16']);
  const shown = `query is ${showShape(q.shape)}, key ${showShape(k.shape)}, value ${showShape(v.shape)}`;
  if (!autocaster()) requireOneDType(where_, { query: q, key: k, value: v });
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
