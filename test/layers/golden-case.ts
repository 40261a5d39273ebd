// A row of the golden table: a layer, its options and its inputs.

export interface GoldenCase {
  /** Name in `ht.layers` and in `tf.layers`. */
  readonly layer: string;
  readonly config?: object;
  /** Options of TensorFlow.js where they differ from `config`. */
  readonly peer?: object;
  /** Shapes of the inputs, batch first. */
  readonly inputs: readonly (readonly number[])[];
  /** The layer that this one goes round. */
  readonly inner?: { readonly layer: string; readonly config: object };
  /** The input is of whole numbers below this. */
  readonly ids?: number;
  /** Steps that are 0 throughout are left out by a masking layer before the layer, and the inputs are no variables. */
  readonly masked?: true;
  /** The layer behaves as in training. */
  readonly training?: true;
  /** TensorFlow.js has no gradient here. */
  readonly forwardOnly?: true;
  /** Numbers are drawn from a normal distribution, and are no halves. */
  readonly normal?: true;
  /** Tells cases apart that are else the same. */
  readonly seed?: number;
}
