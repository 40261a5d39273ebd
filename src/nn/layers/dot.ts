/** Dot: products of two tensors' elements, summed along an axis of each, sample by sample. */
import type { Tensor } from '../../autograd/tensor.ts';
import { cast } from '../../ops/cast.ts';
import { div } from '../../ops/div.ts';
import { matMul } from '../../ops/mat-mul.ts';
import { maximum } from '../../ops/maximum.ts';
import { withAxesLast } from '../../ops/normalization-inputs.ts';
import { reshape } from '../../ops/reshape.ts';
import { sqrt } from '../../ops/sqrt.ts';
import { square } from '../../ops/square.ts';
import { sum } from '../../ops/sum.ts';
import { ArgumentError, ShapeError } from '../../values/errors.ts';
import { mayEqual, normaliseAxes, type Shape, showShape, sizeOf } from '../../values/shape.ts';
import { checkFlag, checkNumber } from '../checks.ts';
import { Layer, type LayerOptions } from '../layer.ts';

export interface DotOptions extends LayerOptions {
  /** The axis of both, or of each, the batch being axis 0. */
  axes: number | readonly [number, number];
  /** Whether vectors along the axes are brought to length 1 first: the cosine of their angle. Default false. */
  normalize?: boolean;
}

/** What is squared and below this counts as this, as in Keras: a vector of zeros stays one. */
const LEAST = 1e-12;

export class Dot extends Layer<readonly Tensor[]> {
  override readonly takes = 'list';
  readonly axes: readonly [number, number];
  readonly normalize: boolean;

  constructor(options: DotOptions) {
    super('dot', options, ['axes', 'normalize']);
    const { axes } = options;
    const pair = Array.isArray(axes) ? (axes as readonly number[]) : [axes, axes];
    if (pair.length !== 2)
      throw new ArgumentError(
        `${this.name}: axes [${pair.join(', ')}]; use one number, or one for each input`,
      );
    this.axes = [0, 1].map((i) => checkNumber(this.name, 'axes', pair[i])) as [number, number];
    this.normalize = checkFlag(this.name, 'normalize', options.normalize ?? false);
  }

  outputShape(samples: readonly Shape[]): Shape {
    if (samples.length !== 2) throw new ShapeError(`${this.name}: ${samples.length} inputs; use two`);
    const [a, b] = this.#axesOf(samples.map(({ length }) => length + 1));
    const [left, right] = [samples[0]!, samples[1]!];
    if (a === 0 || b === 0 || !mayEqual(left[a - 1], right[b - 1])) {
      throw new ShapeError(
        `${this.name}: axes ${a} and ${b} of samples ${showShape(left)} and ${showShape(right)}; use axes of one size, counted from 1`,
      );
    }
    const rest = [...left.filter((_, i) => i !== a - 1), ...right.filter((_, i) => i !== b - 1)];
    return rest.length > 0 ? rest : [1];
  }

  protected call(inputs: readonly Tensor[]): Tensor {
    const axes = this.#axesOf(inputs.map(({ rank }) => rank));
    const [a, b] = inputs.map((x, i) => {
      const { moved } = withAxesLast(x, [axes[i]!]);
      const size = moved.shape.at(-1)!;
      const rows = reshape(moved, [x.shape[0]!, sizeOf(moved.shape.slice(1, -1)), size]);
      return this.normalize ? unit(rows) : rows;
    });
    const shape = this.outputShape(inputs.map((x) => x.shape.slice(1)));
    return reshape(matMul(a!, b!, false, true), [inputs[0]!.shape[0]!, ...shape]);
  }

  #axesOf(ranks: readonly number[]): [number, number] {
    return [0, 1].map((i) => normaliseAxes(this.name, this.axes[i]!, ranks[i]!)[0]!) as [number, number];
  }
}

/** Rows of length 1, in f32. */
function unit(rows: Tensor): Tensor {
  const wide = cast(rows, 'float32');
  const length = sqrt(maximum(sum(square(wide), -1, true), LEAST));
  return cast(div(wide, length), rows.dtype);
}
