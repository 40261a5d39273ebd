/** Concatenate: inputs behind each other along an axis. */
import type { Tensor } from '../../autograd/tensor.ts';
import { concat } from '../../ops/concat.ts';
import { ones } from '../../ops/creation.ts';
import { ShapeError } from '../../values/errors.ts';
import { mayEqual, normaliseAxes, type Shape, showShape } from '../../values/shape.ts';
import { checkNumber } from '../checks.ts';
import { Layer, type LayerOptions } from '../layer.ts';
import { eitherMask } from '../masks.ts';
import type { Mask } from '../several.ts';

export interface ConcatenateOptions extends LayerOptions {
  /** Counted with the batch as axis 0. Default -1. */
  axis?: number;
}

export class Concatenate extends Layer<readonly Tensor[]> {
  override readonly supportsMasking = true;
  override readonly takes = 'list';
  readonly axis: number;

  constructor(options: ConcatenateOptions = {}) {
    super('concatenate', options, ['axis']);
    this.axis = checkNumber(this.name, 'axis', options.axis ?? -1);
  }

  outputShape(samples: readonly Shape[]): Shape {
    const first = samples[0]!;
    const axis = this.#axisOf(first.length + 1) - 1;
    if (axis < 0) throw new ShapeError(`${this.name}: axis ${this.axis} is that of the batch; use another`);
    const fits = (shape: Shape) =>
      shape.length === first.length && shape.every((size, i) => i === axis || mayEqual(size, first[i]));
    if (!samples.every(fits)) {
      throw new ShapeError(
        `${this.name}: samples are ${samples.map(showShape).join(', ')}; sizes may differ along axis ${axis + 1} alone`,
      );
    }
    const along = (i: number) => samples.map((shape) => shape[i]!);
    const sum = along(axis).reduce((a, b) => a + b);
    return first.map((size, i) => (i === axis ? sum : (along(i).find(Number.isInteger) ?? size)));
  }

  protected call(inputs: readonly Tensor[]): Tensor {
    return concat(inputs, this.#axisOf(inputs[0]!.rank));
  }

  /** Along the axis of steps, masks behind each other, all of them for inputs without; else what counts in any input. */
  override computeMask(inputs: readonly Tensor[], masks: readonly Mask[]): Mask {
    if (this.#axisOf(inputs[0]!.rank) !== 1 || masks.every((mask) => mask === null)) return eitherMask(masks);
    const whole = ({ shape, engine }: Tensor) => ones(shape.slice(0, 2), 'bool', { engine });
    return concat(
      masks.map((mask, index) => mask ?? whole(inputs[index]!)),
      1,
    );
  }

  #axisOf(rank: number): number {
    return normaliseAxes(this.name, this.axis, rank)[0]!;
  }
}
