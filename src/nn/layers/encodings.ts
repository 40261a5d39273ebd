/** Layers that make numbers of categories, and rows of ones of those: CategoryEncoding, Discretization, IntegerLookup. */
import type { Tensor } from '../../autograd/tensor.ts';
import { add } from '../../ops/add.ts';
import { cast } from '../../ops/cast.ts';
import { equal, greaterEqual } from '../../ops/compare.ts';
import { tensor } from '../../ops/creation.ts';
import { max } from '../../ops/max.ts';
import { mul } from '../../ops/mul.ts';
import { oneHot } from '../../ops/one-hot.ts';
import { expandDims, squeeze } from '../../ops/squeeze.ts';
import { sum } from '../../ops/sum.ts';
import type { DType } from '../../values/dtype.ts';
import { show } from '../../values/dtype.ts';
import { ArgumentError, ShapeError } from '../../values/errors.ts';
import { type Shape, showShape } from '../../values/shape.ts';
import { checkCount, checkNumber, checkNumbers, checkOneOf } from '../checks.ts';
import { type CallOptions, Layer, type LayerOptions, type Passed } from '../layer.ts';
import type { Mask } from '../several.ts';

export type EncodingMode = 'int' | 'one_hot' | 'multi_hot' | 'count';

/** `'int'`: the number itself; a one for each number; a one, or the count, for each that a sample has along its last axis. */
abstract class Encoding extends Layer {
  readonly outputMode: EncodingMode;
  /** Numbers are below it. */
  protected abstract readonly depth: number;

  constructor(
    kind: string,
    options: LayerOptions & { outputMode?: EncodingMode },
    own: readonly string[],
    modes: readonly [EncodingMode, ...EncodingMode[]],
  ) {
    super(kind, options, ['outputMode', ...own]);
    this.outputMode = checkOneOf(this.name, 'outputMode', options.outputMode ?? modes[0], modes);
  }

  /** The numbers, int32, of inputs as they were given: before the layer's own cast, since float16 does not tell them apart. */
  protected abstract numbersOf(x: Tensor): Tensor;

  outputShape(sample: Shape): Shape {
    if (this.outputMode === 'int') return sample;
    if (this.outputMode === 'one_hot' && sample.at(-1) !== 1) return [...sample, this.depth];
    if (sample.length < 1)
      throw new ShapeError(`${this.name}: samples are ${showShape(sample)}; use (..., numbers)`);
    return [...sample.slice(0, -1), this.depth];
  }

  /** Any number of numbers fits. */
  protected override checkSample(): void {}

  protected override run(inputs: readonly Tensor[], masks: readonly Mask[], options: CallOptions): Passed {
    return super.run(
      inputs.map((x) => this.numbersOf(x)),
      masks,
      options,
    );
  }

  protected call(numbers: Tensor): Tensor {
    if (this.outputMode === 'int') return numbers;
    const dtype: DType = this.policy.computeDtype;
    const isRow = this.outputMode === 'one_hot' && numbers.shape.at(-1) === 1 && numbers.rank > 1;
    const rows = oneHot(isRow ? squeeze(numbers, -1) : numbers, this.depth, dtype);
    if (this.outputMode === 'one_hot') return rows;
    return this.outputMode === 'count' ? sum(rows, -2) : max(rows, -2);
  }
}

export interface CategoryEncodingOptions extends LayerOptions {
  /** Numbers are 0 to `numTokens` - 1; others count for nothing. */
  numTokens: number;
  /** Default `'multi_hot'`. */
  outputMode?: Exclude<EncodingMode, 'int'>;
}

/** Whole numbers (..., k) to (..., numTokens): `'multi_hot'` and `'count'` of k numbers, `'one_hot'` of one, or of each in an axis of its own. */
export class CategoryEncoding extends Encoding {
  readonly numTokens: number;
  protected readonly depth: number;

  constructor(options: CategoryEncodingOptions) {
    super('categoryEncoding', options, ['numTokens'], ['multi_hot', 'one_hot', 'count']);
    this.numTokens = checkCount(this.name, 'numTokens', options.numTokens);
    this.depth = this.numTokens;
  }

  protected numbersOf(x: Tensor): Tensor {
    return cast(x, 'int32');
  }
}

export interface DiscretizationOptions extends LayerOptions {
  /** Rising: number i is for values from boundary i - 1 on that are below boundary i. */
  binBoundaries: readonly number[];
  /** Default `'int'`. */
  outputMode?: EncodingMode;
  /** What boundaries were found by, kept for files. */
  numBins?: number;
  epsilon?: number;
}

/** Values (...) to the numbers of the bins that they lie in, or to rows of ones of those. */
export class Discretization extends Encoding {
  readonly binBoundaries: readonly number[];
  protected readonly depth: number;

  constructor(options: DiscretizationOptions) {
    const modes = ['int', 'one_hot', 'multi_hot', 'count'] as const;
    super('discretization', options, ['binBoundaries', 'numBins', 'epsilon'], modes);
    this.binBoundaries = checkNumbers(this.name, 'binBoundaries', options.binBoundaries);
    if (this.binBoundaries.some((bound, i) => i > 0 && bound <= this.binBoundaries[i - 1]!))
      throw new ArgumentError(`${this.name}: binBoundaries ${show(this.binBoundaries)}; use rising numbers`);
    this.depth = this.binBoundaries.length + 1;
  }

  protected numbersOf(x: Tensor): Tensor {
    const bounds = tensor(this.binBoundaries, { dtype: 'float32', engine: x.engine });
    const passed = greaterEqual(expandDims(cast(x, 'float32'), -1), bounds);
    return cast(sum(cast(passed, 'float32'), -1), 'int32');
  }
}

export interface IntegerLookupOptions extends LayerOptions {
  vocabulary: readonly number[];
  /** Numbers for what is not in the vocabulary: 1, or 0 where all is. Default 1. */
  numOovIndices?: 0 | 1;
  /** The whole number that stands for padding, number 0 with `outputMode` `'int'`. Default: none. */
  maskToken?: number;
  /** Stands for what is not in the vocabulary, where that begins with it. Default -1. */
  oovToken?: number;
  /** Default `'int'`. */
  outputMode?: EncodingMode;
  /** Keras's, kept for files. */
  vocabularyDtype?: string;
}

/** Whole numbers (...) to their places in a vocabulary, behind those for padding and for all that is not in it; or to rows of ones of those. */
export class IntegerLookup extends Encoding {
  readonly vocabulary: readonly number[];
  readonly numOovIndices: number;
  protected readonly depth: number;
  readonly #maskToken: number | undefined;

  constructor(options: IntegerLookupOptions) {
    const own = ['vocabulary', 'numOovIndices', 'maskToken', 'oovToken', 'vocabularyDtype'];
    super('integerLookup', options, own, ['int', 'one_hot', 'multi_hot', 'count']);
    const { vocabulary, numOovIndices = 1, maskToken, oovToken = -1 } = options;
    this.numOovIndices = checkCount(this.name, 'numOovIndices', numOovIndices, 0);
    if (numOovIndices > 1)
      throw new ArgumentError(
        `${this.name}: numOovIndices ${numOovIndices} asks for Keras's hashes; use 0 or 1`,
      );
    if (maskToken !== undefined) checkNumber(this.name, 'maskToken', maskToken);
    this.#maskToken = this.outputMode === 'int' ? maskToken : undefined;
    const special = [maskToken, checkNumber(this.name, 'oovToken', oovToken)];
    this.vocabulary = checkNumbers(this.name, 'vocabulary', vocabulary);
    const terms = this.vocabulary.filter((term) => !special.includes(term));
    if (new Set(terms).size < terms.length || !terms.every((term) => Number.isInteger(term)))
      throw new ArgumentError(`${this.name}: vocabulary ${show(vocabulary)}; use whole numbers, each once`);
    this.#terms = terms;
    this.depth = this.numOovIndices + terms.length;
  }

  readonly #terms: readonly number[];

  protected numbersOf(x: Tensor): Tensor {
    const places = this.#terms.map((term, i): [number, number] => [term, i + this.#first]);
    const oov = this.numOovIndices === 1 ? this.#first - 1 : -1;
    if (this.#maskToken !== undefined) places.push([this.#maskToken, 0]);
    const { engine } = x;
    const terms = tensor(places.map(([term]) => term), { dtype: 'int32', engine }); // biome-ignore format: as below
    const steps = tensor(places.map(([, place]) => place - oov), { dtype: 'float32', engine }); // biome-ignore format: as above
    const found = cast(equal(expandDims(cast(x, 'int32'), -1), terms), 'float32');
    return cast(add(sum(mul(found, steps), -1), oov), 'int32');
  }

  /** The place of the vocabulary's first. */
  get #first(): number {
    return this.numOovIndices + (this.#maskToken === undefined ? 0 : 1);
  }
}
