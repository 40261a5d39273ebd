/** Layers that make one tensor of several, element by element; sizes of 1 repeat: Add, Subtract, Multiply, Average, Maximum, Minimum, CustomScaleLayer. */
import type { Tensor } from '../../autograd/tensor.ts';
import { add } from '../../ops/add.ts';
import { maximum } from '../../ops/maximum.ts';
import { minimum } from '../../ops/minimum.ts';
import { mul } from '../../ops/mul.ts';
import { reshape } from '../../ops/reshape.ts';
import { sub } from '../../ops/sub.ts';
import { ShapeError } from '../../values/errors.ts';
import { broadcastShapes, type Shape, showShape } from '../../values/shape.ts';
import { checkNumber } from '../checks.ts';
import { Layer, type LayerOptions } from '../layer.ts';
import { eitherMask } from '../masks.ts';
import type { Mask } from '../several.ts';

export abstract class Merge extends Layer<readonly Tensor[]> {
  override readonly supportsMasking = true;
  override readonly takes = 'list';

  constructor(kind: string, options: LayerOptions = {}, own: readonly string[] = []) {
    super(kind, options, own);
  }

  protected abstract merge(a: Tensor, b: Tensor): Tensor;

  outputShape(samples: readonly Shape[]): Shape {
    return samples.reduce((a, b) => broadcastShapes(this.name, a, b));
  }

  protected call(inputs: readonly Tensor[]): Tensor {
    const rank = Math.max(...inputs.map((x) => x.rank));
    // Samples broadcast from their last axis on; the batch stays in front.
    const aligned = inputs.map((x) => {
      const [batch, ...sample] = x.shape;
      return x.rank === rank ? x : reshape(x, [batch!, ...Array<number>(rank - x.rank).fill(1), ...sample]);
    });
    return aligned.reduce((a, b) => this.merge(a, b));
  }

  /** As in Keras, what counts in any input counts; an input without a mask counts as a whole. */
  override computeMask(_: readonly Tensor[], masks: readonly Mask[]): Mask {
    return eitherMask(masks);
  }
}

export class Add extends Merge {
  constructor(options?: LayerOptions) {
    super('add', options);
  }

  protected merge(a: Tensor, b: Tensor): Tensor {
    return add(a, b);
  }
}

/** The first of two inputs less the second. */
export class Subtract extends Merge {
  constructor(options?: LayerOptions) {
    super('subtract', options);
  }

  override outputShape(samples: readonly Shape[]): Shape {
    return super.outputShape(requirePair(this.name, samples));
  }

  protected merge(a: Tensor, b: Tensor): Tensor {
    return sub(a, b);
  }
}

export class Multiply extends Merge {
  constructor(options?: LayerOptions) {
    super('multiply', options);
  }

  protected merge(a: Tensor, b: Tensor): Tensor {
    return mul(a, b);
  }
}

export class Average extends Merge {
  constructor(options?: LayerOptions) {
    super('average', options);
  }

  protected merge(a: Tensor, b: Tensor): Tensor {
    return add(a, b);
  }

  protected override call(inputs: readonly Tensor[]): Tensor {
    return mul(super.call(inputs), 1 / inputs.length);
  }
}

export class Maximum extends Merge {
  constructor(options?: LayerOptions) {
    super('maximum', options);
  }

  protected merge(a: Tensor, b: Tensor): Tensor {
    return maximum(a, b);
  }
}

export class Minimum extends Merge {
  constructor(options?: LayerOptions) {
    super('minimum', options);
  }

  protected merge(a: Tensor, b: Tensor): Tensor {
    return minimum(a, b);
  }
}

export interface CustomScaleLayerOptions extends LayerOptions {
  /** Factor of the second input. */
  scale: number;
}

/** The first of two inputs, and the second times a number: Keras's own name in its InceptionResNetV2. */
export class CustomScaleLayer extends Merge {
  readonly scale: number;

  constructor(options: CustomScaleLayerOptions) {
    super('customScaleLayer', options, ['scale']);
    this.scale = checkNumber(this.name, 'scale', options.scale);
  }

  override outputShape(samples: readonly Shape[]): Shape {
    return super.outputShape(requirePair(this.name, samples));
  }

  protected merge(a: Tensor, b: Tensor): Tensor {
    return add(a, mul(b, this.scale));
  }
}

function requirePair(name: string, samples: readonly Shape[]): readonly Shape[] {
  if (samples.length === 2) return samples;
  throw new ShapeError(
    `${name}: ${samples.length} inputs, samples ${samples.map(showShape).join(', ')}; give two`,
  );
}
