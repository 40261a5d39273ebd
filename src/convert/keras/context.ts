/** What a whole configuration is read with: its version of Keras, classes of a user's own, and how layers inside layers are read. */
import type { AnyLayer } from '../../nn/layer.ts';
import type { LayerClass } from '../../nn/layers/registry.ts';
import type { Place } from '../json.ts';

export interface ReadContext {
  /** 2 for tf.keras, Keras 2 and TensorFlow.js. */
  readonly keras: 2 | 3;
  readonly customObjects: Readonly<Record<string, LayerClass>>;
  /** A layer or a model, from `{ class_name, config }`. */
  readonly layer: (place: Place, context: ReadContext) => AnyLayer;
}
