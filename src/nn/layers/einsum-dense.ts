/** EinsumDense: activation(einsum(x, kernel) + bias), products over any axes by an equation. */
import type { Tensor } from '../../autograd/tensor.ts';
import type { Variable } from '../../autograd/variable.ts';
import type { Factor } from '../../kernels/layer_scale.ts';
import { add } from '../../ops/add.ts';
import { einsum } from '../../ops/einsum.ts';
import { show } from '../../values/dtype.ts';
import { ArgumentError, ShapeError } from '../../values/errors.ts';
import { mayEqual, type Shape, showShape, sizeOf } from '../../values/shape.ts';
import { type ActivationName, activate, checkActivation } from '../activations.ts';
import { type Initialiser, type InitialiserLike, toInitialiser } from '../initialisers.ts';
import { Layer, type LayerOptions } from '../layer.ts';
import { ruleNames, type WeightRuleOptions, type WeightRules, weightRules } from './weight-rules.ts';

export interface EinsumDenseOptions extends LayerOptions, WeightRuleOptions<'kernel' | 'bias'> {
  /** Letters for the axes of input, kernel and result: `'abc,cd->abd'`; `'...'` in input and result for axes that stay. The batch is the first. */
  equation: string;
  /** Sizes of the result's axes behind the batch, those of `'...'` left out; null for one of the input's. */
  outputShape: number | readonly (number | null)[];
  /** Letters of the result's axes that have a bias. Default: none. */
  biasAxes?: string;
  /** Default `'linear'`. */
  activation?: ActivationName;
  /** Default `'glorotUniform'`. */
  kernelInitializer?: InitialiserLike;
  /** Default `'zeros'`. */
  biasInitializer?: InitialiserLike;
}

const RULES = ['kernel', 'bias'] as const;
const OPTIONS = [
  ...['equation', 'outputShape', 'biasAxes', 'activation', 'kernelInitializer', 'biasInitializer'],
  ...ruleNames(RULES),
];

/** The equation with a letter for each axis, and sizes by letter. */
interface Labelled {
  readonly input: string;
  readonly kernel: string;
  readonly output: string;
  readonly sizes: ReadonlyMap<string, number>;
}

/** Letters that stand for the axes of `...`. */
const ELIDED = 'ABCDEFGH';

/** Weights: kernel in the shape of its letters; bias in that of the result from the first letter of `biasAxes` on, 1 where a letter has none. */
export class EinsumDense extends Layer {
  readonly equation: string;
  readonly biasAxes: string | undefined;
  readonly activation: ActivationName;
  readonly #parts: readonly [input: string, kernel: string, output: string];
  readonly #wanted: readonly (number | null)[];
  readonly #kernelInitialiser: Initialiser;
  readonly #biasInitialiser: Initialiser;
  readonly #rules: WeightRules<'kernel' | 'bias'>;
  #kernel: Variable | undefined;
  #bias: Variable | undefined;

  /** Throws `ArgumentError`. */
  constructor(options: EinsumDenseOptions) {
    super('einsumDense', options, OPTIONS);
    this.equation = options.equation;
    const found = /^((?:\.{3})?[a-z]+(?:\.{3})?),([a-z]+)->((?:\.{3})?[a-z]+(?:\.{3})?)$/i.exec(
      String(options.equation).replaceAll(' ', ''),
    );
    if (!found)
      throw new ArgumentError(
        `${this.name}: equation ${show(options.equation)}; use one such as 'abc,cd->abd' or '...x,xy->...y'`,
      );
    this.#parts = [found[1]!, found[2]!, found[3]!];
    const { outputShape } = options;
    this.#wanted = Array.isArray(outputShape) ? outputShape : [outputShape as number];
    const isSize = (size: unknown) => size === null || (Number.isInteger(size) && (size as number) > 0);
    if (!this.#wanted.every(isSize))
      throw new ArgumentError(
        `${this.name}: outputShape ${show(outputShape)}; use sizes from 1 on, and null for one of the input's`,
      );
    this.biasAxes = options.biasAxes || undefined;
    const none = [...(this.biasAxes ?? '')].find((label) => !found[3]!.includes(label));
    if (none) throw new ArgumentError(`${this.name}: biasAxes: '${none}' is no axis of the result`);
    this.activation = checkActivation(this.name, options.activation ?? 'linear');
    this.#kernelInitialiser = toInitialiser(options.kernelInitializer ?? 'glorotUniform');
    this.#biasInitialiser = toInitialiser(options.biasInitializer ?? 'zeros');
    this.#rules = weightRules(this.name, options, RULES);
  }

  outputShape(sample: Shape): Shape {
    const { output, sizes } = this.#labelled(sample);
    return [...output.slice(1)].map((label) => sizes.get(label)!);
  }

  protected override create(sample: Shape): void {
    const { kernel, output, sizes } = this.#labelled(sample);
    const shape = [...kernel].map((label) => sizes.get(label)!);
    this.#kernel = this.addWeight('kernel', shape, this.#kernelInitialiser, this.#rules.kernel);
    const { biasAxes } = this;
    if (biasAxes === undefined) return;
    const first = Math.min(...[...biasAxes].map((label) => output.indexOf(label)));
    const own = [...output.slice(first)].map((label) => (biasAxes.includes(label) ? sizes.get(label)! : 1));
    this.#bias = this.addWeight('bias', own, this.#biasInitialiser, this.#rules.bias);
  }

  /** The axes that the kernel has fit. */
  protected override checkSample(sample: Shape, built: Shape): void {
    const [given, made] = [this.#labelled(sample), this.#labelled(built)];
    if ([...made.kernel].some((label) => !mayEqual(given.sizes.get(label), made.sizes.get(label))))
      this.refuseSample(sample, built);
  }

  /** Each value of the input goes into as many sums as the kernel has places along axes of its own. */
  protected override get gradientFactor(): Factor {
    const { values } = this.#kernel!;
    const own = [...this.#parts[1]].flatMap((label, axis) =>
      this.#parts[0].includes(label) ? [] : [values.shape[axis]!],
    );
    return { weight: values, terms: sizeOf(own) };
  }

  protected call(x: Tensor): Tensor {
    const { input, kernel, output } = this.#labelled(x.shape.slice(1));
    const product = einsum(`${input},${kernel}->${output}`, x, this.read(this.#kernel!));
    return activate(this.activation, this.#bias ? add(product, this.read(this.#bias)) : product);
  }

  /** Throws `ShapeError` where axes and sizes do not go together. */
  #labelled(sample: Shape): Labelled {
    const [left, kernel, right] = this.#parts;
    const elided = sample.length + 1 - left.replace('...', '').length;
    const used = [...ELIDED].filter((label) => !`${left}${kernel}${right}`.includes(label));
    const letters = left.includes('...') ? used.slice(0, Math.max(elided, 0)).join('') : '';
    const [input, output] = [left, right].map((labels) => labels.replace('...', letters)) as [string, string];
    const own =
      right.startsWith('...') || !right.includes('...') ? right.replace('...', '') : right.slice(0, -3);
    // The batch is among the letters unless it is one of those left out.
    const named = right.startsWith('...') && letters !== '' ? own : own.slice(1);
    const fits = input.length === sample.length + 1 && named.length === this.#wanted.length;
    if (!fits || output[0] !== input[0])
      throw new ShapeError(
        `${this.name}: equation '${this.equation}' to ${show(this.#wanted)} of samples ${showShape(sample)}; give an axis for each letter, the batch first`,
      );
    const sizes = new Map([...input].map((label, axis) => [label, [Number.NaN, ...sample][axis]!]));
    for (const [i, label] of [...named].entries()) {
      const size = this.#wanted[i] ?? sizes.get(label);
      if (size === undefined || !mayEqual(size, sizes.get(label) ?? size))
        throw new ShapeError(
          `${this.name}: outputShape: '${label}' is ${size}, of samples ${showShape(sample)} ${sizes.get(label)}`,
        );
      if (!Number.isNaN(size)) sizes.set(label, size);
    }
    const unknown = [...kernel].find((label) => !sizes.has(label));
    if (unknown)
      throw new ShapeError(`${this.name}: '${unknown}' of the kernel is in neither input nor result`);
    return { input, kernel, output, sizes };
  }
}
