/** The base of layers whose result has the shape and the mask of their input. */
import type { Shape } from '../../values/shape.ts';
import { Layer } from '../layer.ts';

export abstract class ElementwiseLayer extends Layer {
  override readonly supportsMasking = true;

  outputShape(sample: Shape): Shape {
    return sample;
  }
}
