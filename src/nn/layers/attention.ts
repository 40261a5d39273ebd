/** Attention and AdditiveAttention: dot products, or sums behind tanh, of queries and keys weigh the values, without projections. */
import type { Tensor } from '../../autograd/tensor.ts';
import type { Variable } from '../../autograd/variable.ts';
import { add } from '../../ops/add.ts';
import { scaledDotProductAttention } from '../../ops/attention.ts';
import { greaterEqual } from '../../ops/compare.ts';
import { range } from '../../ops/creation.ts';
import { dropout } from '../../ops/dropout.ts';
import { logicalAnd } from '../../ops/logical.ts';
import { matMul } from '../../ops/mat-mul.ts';
import { mul } from '../../ops/mul.ts';
import { reshape } from '../../ops/reshape.ts';
import { softmax } from '../../ops/softmax.ts';
import { sum } from '../../ops/sum.ts';
import { tanh } from '../../ops/tanh.ts';
import { where } from '../../ops/where.ts';
import { ArgumentError, ShapeError } from '../../values/errors.ts';
import { mayEqual, type Shape, showShape } from '../../values/shape.ts';
import { checkFlag, checkOneOf, checkRate } from '../checks.ts';
import { toInitialiser } from '../initialisers.ts';
import { type CallOptions, Layer, type LayerOptions } from '../layer.ts';
import type { Mask } from '../several.ts';

export interface AdditiveAttentionOptions extends LayerOptions {
  /** Whether scores have a factor that is trained: for each column of keys here, one number for `Attention`. */
  useScale?: boolean;
  /** Share of the attention weights that are set to 0 in training. Default 0. */
  dropout?: number;
}

export interface AttentionLayerOptions extends AdditiveAttentionOptions {
  /** `'concat'`: the sum of tanh(query + key), with a factor that is trained. Default `'dot'`. */
  scoreMode?: 'dot' | 'concat';
}

export interface AttentionLayerCallOptions extends CallOptions<readonly Tensor[]> {
  /** Query i looks at values up to i alone. Default false. */
  useCausalMask?: boolean;
}

abstract class BaseAttention extends Layer<readonly Tensor[], Tensor, AttentionLayerCallOptions> {
  override readonly takes = 'list';
  readonly useScale: boolean;
  readonly dropout: number;
  protected scale: Variable | undefined;

  constructor(kind: string, options: AdditiveAttentionOptions, useScale: boolean, own: readonly string[]) {
    super(kind, options, ['useScale', 'dropout', ...own]);
    this.useScale = checkFlag(this.name, 'useScale', options.useScale ?? useScale);
    this.dropout = checkRate(this.name, options.dropout ?? 0);
  }

  outputShape(samples: readonly Shape[]): Shape {
    const [query, value, key] = this.#roles(samples);
    const fits =
      [query, value, key].every(({ length }) => length === 2) &&
      mayEqual(query[1], key[1]) &&
      mayEqual(value[0], key[0]);
    if (fits) return [query[0]!, value[1]!];
    throw new ShapeError(
      `${this.name}: samples are ${samples.map(showShape).join(', ')}; use (queries, size), (steps, channels) and (steps, size)`,
    );
  }

  /** Any number of queries and steps. */
  protected override checkSample(samples: readonly Shape[], built: readonly Shape[]): void {
    if (!mayEqual(samples[0]!.at(-1), built[0]!.at(-1))) this.refuseSample(samples, built);
  }

  protected call(inputs: readonly Tensor[], options: AttentionLayerCallOptions): Tensor {
    const [query, value, key] = this.#roles(inputs);
    const mask = this.#shown(query, value, options);
    const y = this.attend(query, value, key, mask, options.training ? this.dropout : 0);
    const [own] = (options.mask ?? []) as readonly Mask[];
    // What is left out of the queries gives zeros.
    return own ? where(reshape(own, [...own.shape, 1]), y, 0) : y;
  }

  /** The mask of the queries goes on. */
  override computeMask(_: readonly Tensor[], masks: readonly Mask[]): Mask {
    return masks[0] ?? null;
  }

  /** `mask` is bool, broadcast to (n, queries, steps). */
  protected abstract attend(
    query: Tensor,
    value: Tensor,
    key: Tensor,
    mask: Tensor | undefined,
    dropoutRate: number,
  ): Tensor;

  /** Which steps each query looks at. */
  #shown(query: Tensor, value: Tensor, options: AttentionLayerCallOptions): Tensor | undefined {
    const [, own] = (options.mask ?? []) as readonly Mask[];
    const shown = own ? [reshape(own, [own.shape[0]!, 1, own.shape[1]!])] : [];
    if (options.useCausalMask) {
      const { engine } = query;
      const rows = range(0, query.shape[1]!, 1, 'int32', { engine });
      const columns = range(0, value.shape[1]!, 1, 'int32', { engine });
      shown.push(
        reshape(greaterEqual(reshape(rows, [-1, 1]), columns), [1, query.shape[1]!, value.shape[1]!]),
      );
    }
    return shown.length === 0 ? undefined : shown.reduce((a, b) => logicalAnd(a, b));
  }

  #roles<T>(inputs: readonly T[]): [query: T, value: T, key: T] {
    const [query, value, key = value] = inputs;
    if (inputs.length < 2 || inputs.length > 3)
      throw new ArgumentError(
        `${this.name}: ${inputs.length} inputs; use [query, value] or [query, value, key]`,
      );
    return [query!, value!, key!];
  }

  /** Weights of the sum of tanh(query + key) over its columns, and the values by them. */
  protected additive(
    query: Tensor,
    value: Tensor,
    key: Tensor,
    mask: Tensor | undefined,
    dropoutRate: number,
    factor: Tensor | undefined,
  ): Tensor {
    const [batch, queries, size] = query.shape as [number, number, number];
    const steps = key.shape[1]!;
    const each = tanh(add(reshape(query, [batch, queries, 1, size]), reshape(key, [batch, 1, steps, size])));
    const scores = sum(factor ? mul(each, factor) : each, -1);
    const lowest = scores.dtype === 'float16' ? -3e4 : -1e9;
    const weights = softmax(mask ? where(mask, scores, lowest) : scores, -1);
    return matMul(dropoutRate > 0 ? dropout(weights, dropoutRate) : weights, value);
  }
}

/**
 * Of [query, value] or [query, value, key]: (queries, size), (steps, channels), (steps, size) to (queries, channels), by dot products (Luong
 * et al. 2015). Weight: with `useScale` scale (). Steps that value's mask leaves out are not looked at.
 */
export class Attention extends BaseAttention {
  readonly scoreMode: 'dot' | 'concat';
  #factor: Variable | undefined;

  constructor(options: AttentionLayerOptions = {}) {
    super('attention', options, false, ['scoreMode']);
    this.scoreMode = checkOneOf(this.name, 'scoreMode', options.scoreMode ?? 'dot', ['dot', 'concat']);
  }

  protected override create(): void {
    if (this.useScale) this.scale = this.addWeight('scale', [], toInitialiser('ones'));
    if (this.scoreMode === 'concat')
      this.#factor = this.addWeight('concat_score_weight', [], toInitialiser('ones'));
  }

  protected attend(
    query: Tensor,
    value: Tensor,
    key: Tensor,
    mask: Tensor | undefined,
    dropoutRate: number,
  ): Tensor {
    const scale = this.scale && this.read(this.scale);
    const scaled = scale ? mul(query, scale) : query;
    if (this.#factor) {
      const factor = this.read(this.#factor);
      const keys = scale ? mul(key, scale) : key;
      return this.additive(scaled, value, keys, mask, dropoutRate, factor);
    }
    return scaledDotProductAttention(scaled, key, value, { mask, dropoutRate, scale: 1 });
  }
}

/**
 * As `Attention`, by the sum of tanh(query + key) over its columns (Bahdanau et al. 2015). Weight: with `useScale`, which is the default,
 * scale (size).
 */
export class AdditiveAttention extends BaseAttention {
  constructor(options: AdditiveAttentionOptions = {}) {
    super('additiveAttention', options, true, []);
  }

  protected override create(samples: readonly Shape[]): void {
    if (this.useScale)
      this.scale = this.addWeight('scale', [samples[0]!.at(-1)!], toInitialiser('glorotUniform'));
  }

  protected attend(
    query: Tensor,
    value: Tensor,
    key: Tensor,
    mask: Tensor | undefined,
    dropoutRate: number,
  ): Tensor {
    return this.additive(query, value, key, mask, dropoutRate, this.scale && this.read(this.scale));
  }
}
