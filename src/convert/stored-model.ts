/** A trained model as a file holds it: what every reader of a format gives, and `loadModel` makes a model of. */
import type { Shape } from '../values/shape.ts';

/** JSON of an object of Keras: a layer, a model, an optimizer. */
export interface KerasObject {
  readonly class_name: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly [more: string]: unknown;
}

/** An array in a file. Nothing is read before it is asked for. */
export interface StoredTensor {
  /** As in the file, for messages. */
  readonly name: string;
  readonly shape: Shape;
  /** As the file stores it: 'float32', 'float16', 'uint8', ... */
  readonly dtype: string;
  /** The values, dequantised and widened; integers as they are. Throws `FormatError`. */
  read(): Promise<Float32Array | Int32Array>;
}

export interface StoredModel {
  /** The name of the format in messages, such as `Keras .h5`. */
  readonly format: string;
  /** Sequential, Functional, Model: with its layers. */
  readonly architecture: KerasObject;
  /** Of Keras, as the file tells it: `2.10.0`. Some layers and functions were others before 3. Default: 2. */
  readonly kerasVersion?: string | undefined;
  /**
   * Weights by the names of the architecture's own layers, of each in the order that Keras's `layer.weights` has them, layers inside
   * included. Layers without weights may be missing.
   */
  readonly weights: ReadonlyMap<string, readonly StoredTensor[]>;
  /**
   * How the weights of a layer with layers inside follow each other: inner layer by inner layer, as `model.weights` in Keras, or all that
   * training changes before all others, as in legacy .h5 files and in TensorFlow.js. Default `'layers'`. Of one inner layer they always
   * come those that training changes first.
   */
  readonly order?: 'layers' | 'trainable first' | undefined;
  /** What `compile` was given, where the file says so: optimizer, loss, metrics. */
  readonly training?: Readonly<Record<string, unknown>> | undefined;
  /** The optimizer's own variables, in its order: iterations first, where the file holds them. */
  readonly optimizerWeights?: readonly StoredTensor[] | undefined;
}
