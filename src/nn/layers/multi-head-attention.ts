/** MultiHeadAttention: attention of several heads, each on projections of its own (Vaswani et al. 2017). */
import type { Tensor } from '../../autograd/tensor.ts';
import type { Variable } from '../../autograd/variable.ts';
import type { Factor } from '../../kernels/layer_scale.ts';
import { scaledDotProductAttention } from '../../ops/attention.ts';
import { cast } from '../../ops/cast.ts';
import { logicalAnd } from '../../ops/logical.ts';
import { matMul } from '../../ops/mat-mul.ts';
import { reshape } from '../../ops/reshape.ts';
import { transpose } from '../../ops/transpose.ts';
import { ArgumentError, ShapeError } from '../../values/errors.ts';
import { mayEqual, type Shape, showShape } from '../../values/shape.ts';
import { checkCount, checkFlag, checkRate } from '../checks.ts';
import { type Initialiser, type InitialiserLike, toInitialiser } from '../initialisers.ts';
import { type CallOptions, Layer, type LayerOptions } from '../layer.ts';
import type { Mask } from '../several.ts';
import { ruleNames, type WeightRuleOptions, type WeightRules, weightRules } from './weight-rules.ts';

export interface MultiHeadAttentionOptions extends LayerOptions, WeightRuleOptions<'kernel' | 'bias'> {
  numHeads: number;
  /** Size of each head's queries and keys. */
  keyDim: number;
  /** Size of each head's values. Default: `keyDim`. */
  valueDim?: number;
  /** Share of the attention weights that are set to 0 in training. Default 0. */
  dropout?: number;
  /** Default true. */
  useBias?: boolean;
  /** Size of the result's last axis. Default: that of the query. */
  outputDim?: number;
  /** Default `'glorotUniform'`. */
  kernelInitializer?: InitialiserLike;
  /** Default `'zeros'`. */
  biasInitializer?: InitialiserLike;
}

export interface AttentionCallOptions extends CallOptions<readonly Tensor[]> {
  /** (n, queries, keys) or (n, heads, queries, keys), or broadcast to that: true, or not 0, where a query may look at a key. */
  attentionMask?: Tensor;
  /** Query i looks at keys up to i alone. Default false. */
  useCausalMask?: boolean;
}

/** A projection to (..., heads, size), or from it. */
interface Projection {
  readonly kernel: Variable;
  readonly bias: Variable | undefined;
}

const RULES = ['kernel', 'bias'] as const;
const OPTIONS = [
  ...['numHeads', 'keyDim', 'valueDim', 'dropout', 'useBias', 'outputDim'],
  ...['kernelInitializer', 'biasInitializer', ...ruleNames(RULES)],
];

/**
 * Of [query, value] or [query, value, key], each (n, steps, channels): (n, queries, channels of the query). Weights, as in Keras: kernel
 * (channels, heads, size) and bias (heads, size) of query, key and value, then kernel (heads, size, channels) and bias of the output. Steps
 * that the masks of value and key leave out are not looked at.
 */
export class MultiHeadAttention extends Layer<readonly Tensor[], Tensor, AttentionCallOptions> {
  override readonly takes = 'list';
  readonly numHeads: number;
  readonly keyDim: number;
  readonly valueDim: number;
  readonly dropout: number;
  readonly useBias: boolean;
  readonly #outputDim: number | undefined;
  readonly #kernelInitialiser: Initialiser;
  readonly #biasInitialiser: Initialiser;
  readonly #rules: WeightRules<'kernel' | 'bias'>;
  #projections: readonly Projection[] = [];
  #output: Projection | undefined;

  constructor(options: MultiHeadAttentionOptions) {
    super('multiHeadAttention', options, OPTIONS);
    this.numHeads = checkCount(this.name, 'numHeads', options.numHeads);
    this.keyDim = checkCount(this.name, 'keyDim', options.keyDim);
    this.valueDim = checkCount(this.name, 'valueDim', options.valueDim ?? options.keyDim);
    this.dropout = checkRate(this.name, options.dropout ?? 0);
    this.useBias = checkFlag(this.name, 'useBias', options.useBias ?? true);
    const { outputDim } = options;
    this.#outputDim = outputDim === undefined ? undefined : checkCount(this.name, 'outputDim', outputDim);
    this.#kernelInitialiser = toInitialiser(options.kernelInitializer ?? 'glorotUniform');
    this.#biasInitialiser = toInitialiser(options.biasInitializer ?? 'zeros');
    this.#rules = weightRules(this.name, options, RULES);
  }

  outputShape(samples: readonly Shape[]): Shape {
    const [query, value, key] = rolesOf(this.name, samples);
    if (![query, value, key].every(({ length }) => length === 2) || !mayEqual(value[0], key[0])) {
      throw new ShapeError(
        `${this.name}: samples are ${samples.map(showShape).join(', ')}; use (queries, channels), and as many steps of value as of key`,
      );
    }
    return [query[0]!, this.#outputDim ?? query[1]!];
  }

  protected override create(samples: readonly Shape[]): void {
    const [query, value, key] = rolesOf(this.name, samples);
    const { numHeads, keyDim, valueDim } = this;
    this.#projections = (
      [
        ['query', query, keyDim],
        ['key', key, keyDim],
        ['value', value, valueDim],
      ] as const
    ).map(([name, sample, size]) =>
      this.#projection(name, [sample.at(-1)!, numHeads, size], [numHeads, size]),
    );
    const channels = this.outputShape(samples)[1]!;
    this.#output = this.#projection('attention_output', [numHeads, valueDim, channels], [channels]);
  }

  protected override checkSample(samples: readonly Shape[], built: readonly Shape[]): void {
    const channels = (shapes: readonly Shape[]) => rolesOf(this.name, shapes).map((shape) => shape.at(-1));
    if (channels(samples).join() !== channels(built).join()) this.refuseSample(samples, built);
  }

  /** The output's kernel: it comes first on the way back. */
  protected override get gradientFactor(): Factor {
    const { values } = this.#output!.kernel;
    return { weight: values, terms: values.shape.at(-1)! };
  }

  protected call(inputs: readonly Tensor[], options: AttentionCallOptions): Tensor {
    const [query, value, key] = rolesOf(this.name, inputs);
    const [queries, keys, values] = [query, key, value].map((x, i) =>
      this.#toHeads(x, this.#projections[i]!),
    );
    const attended = scaledDotProductAttention(queries!, keys!, values!, {
      isCausal: options.useCausalMask ?? false,
      mask: this.#maskOf(options, query.shape[0]!),
      dropoutRate: options.training ? this.dropout : 0,
    });
    // (n, heads, queries, size) to (n queries, heads size).
    const [batch, , steps] = attended.shape as [number, number, number];
    const joined = reshape(transpose(attended, [0, 2, 1, 3]), [batch * steps, this.numHeads * this.valueDim]);
    const y = this.#times(joined, this.#output!);
    return reshape(y, [batch, steps, y.shape[1]!]);
  }

  /** What queries may look at: neither is looked at what value's or key's mask leaves out, nor does what query's leaves out look. */
  #maskOf({ attentionMask, mask }: AttentionCallOptions, batch: number): Tensor | undefined {
    const given = mask as unknown as readonly Mask[] | undefined;
    const [query = null, value = null, key = null] = given ?? [];
    const shown: Tensor[] = [];
    if (query) shown.push(reshape(query, [batch, 1, query.shape[1]!, 1]));
    for (const own of [value, key]) if (own) shown.push(reshape(own, [batch, 1, 1, own.shape[1]!]));
    if (attentionMask) {
      const { shape, rank } = attentionMask;
      if (rank !== 3 && rank !== 4)
        throw new ShapeError(
          `${this.name}: attentionMask is ${showShape(shape)}; use (n, queries, keys) or (n, heads, queries, keys)`,
        );
      const flags = cast(attentionMask, 'bool');
      shown.push(rank === 4 ? flags : reshape(flags, [shape[0]!, 1, shape[1]!, shape[2]!]));
    }
    if (shown.length === 0) return undefined;
    return shown.reduce((a, b) => logicalAnd(a, b));
  }

  #toHeads(x: Tensor, projection: Projection): Tensor {
    const [batch, steps, channels] = x.shape as [number, number, number];
    const y = this.#times(reshape(x, [batch * steps, channels]), projection);
    const size = y.shape[1]! / this.numHeads;
    return transpose(reshape(y, [batch, steps, this.numHeads, size]), [0, 2, 1, 3]);
  }

  /** Rows times a kernel whose axes are taken together, but for the rows' own, plus the bias. */
  #times(rows: Tensor, { kernel, bias }: Projection): Tensor {
    const columns = kernel.size / rows.shape[1]!;
    return matMul(rows, reshape(this.read(kernel), [rows.shape[1]!, columns]), false, false, {
      ...(bias ? { bias: reshape(this.read(bias), [columns]) } : {}),
    });
  }

  #projection(name: string, kernel: Shape, bias: Shape): Projection {
    const rules = this.#rules;
    return {
      kernel: this.addWeight(`${name}/kernel`, kernel, this.#kernelInitialiser, rules.kernel),
      bias: this.useBias
        ? this.addWeight(`${name}/bias`, bias, this.#biasInitialiser, rules.bias)
        : undefined,
    };
  }
}

/** Query, value and key; the value is the key where none is given. Throws `ArgumentError`. */
function rolesOf<T>(name: string, inputs: readonly T[]): [query: T, value: T, key: T] {
  const [query, value, key = value] = inputs;
  if (inputs.length < 2 || inputs.length > 3)
    throw new ArgumentError(`${name}: ${inputs.length} inputs; use [query, value] or [query, value, key]`);
  return [query!, value!, key!];
}
