/** Embedding: a row of a table for each number. */
import type { Tensor } from '../../autograd/tensor.ts';
import type { Variable } from '../../autograd/variable.ts';
import { cast } from '../../ops/cast.ts';
import { notEqual } from '../../ops/compare.ts';
import { embeddingLookup } from '../../ops/gather.ts';
import type { Shape } from '../../values/shape.ts';
import { checkCount, checkFlag } from '../checks.ts';
import { type Initialiser, type InitialiserLike, toInitialiser } from '../initialisers.ts';
import { type CallOptions, Layer, type LayerOptions, type Passed } from '../layer.ts';
import type { Mask } from '../several.ts';
import { ruleNames, type WeightRuleOptions, type WeightRules, weightRules } from './weight-rules.ts';

export interface EmbeddingOptions extends LayerOptions, WeightRuleOptions<'embeddings'> {
  /** Rows of the table: numbers are 0 to `inputDim` - 1. */
  inputDim: number;
  /** Size of a row. */
  outputDim: number;
  /** Default `'randomUniform'`, from -0.05 to 0.05. */
  embeddingsInitializer?: InitialiserLike;
  /** Whether 0 is padding, which layers after this one do not count. Default false. */
  maskZero?: boolean;
  /** Numbers of a sample, in place of `inputShape`. */
  inputLength?: number;
}

/** (...) of whole numbers, int32 or floats, to (..., outputDim). Weight: embeddings (inputDim, outputDim). */
export class Embedding extends Layer {
  readonly inputDim: number;
  readonly outputDim: number;
  readonly maskZero: boolean;
  readonly #initialiser: Initialiser;
  readonly #rules: WeightRules<'embeddings'>;
  #table: Variable | undefined;

  constructor(options: EmbeddingOptions) {
    super('embedding', withShape(options), [
      ...['inputDim', 'outputDim', 'embeddingsInitializer', 'maskZero', 'inputLength'],
      ...ruleNames(['embeddings']),
    ]);
    this.inputDim = checkCount(this.name, 'inputDim', options.inputDim);
    this.outputDim = checkCount(this.name, 'outputDim', options.outputDim);
    this.maskZero = checkFlag(this.name, 'maskZero', options.maskZero ?? false);
    this.#initialiser = toInitialiser(options.embeddingsInitializer ?? 'randomUniform');
    this.#rules = weightRules(this.name, options, ['embeddings']);
  }

  outputShape(sample: Shape): Shape {
    return [...sample, this.outputDim];
  }

  protected override create(): void {
    const shape = [this.inputDim, this.outputDim];
    this.#table = this.addWeight('embeddings', shape, this.#initialiser, this.#rules.embeddings);
  }

  /** Numbers of any shape fit. */
  protected override checkSample(): void {}

  override computeMask(x: Tensor): Tensor | null {
    return this.maskZero ? notEqual(x, 0) : null;
  }

  // Before the layer's own cast: float16 holds whole numbers to 2048 only.
  protected override run(inputs: readonly Tensor[], masks: readonly Mask[], options: CallOptions): Passed {
    return super.run(
      inputs.map((x) => cast(x, 'int32')),
      masks,
      options,
    );
  }

  protected call(x: Tensor): Tensor {
    return embeddingLookup(this.read(this.#table!), x);
  }
}

function withShape(options: EmbeddingOptions): EmbeddingOptions {
  if (options?.inputLength === undefined || options.inputShape !== undefined) return options;
  return { ...options, inputShape: [options.inputLength] };
}
