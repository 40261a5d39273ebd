/** Layers that do what operations do, where Keras and TensorFlow.js have them: models stay readable there. */
import type { Operator } from './operation-names.ts';
import { type Argument, Reference } from './read-calls.ts';

/** Arguments by our names, tensors among them. */
export type Bound = Readonly<Record<string, Argument>>;

/** Class and options of a layer that is called on the same tensors in the same order. */
export interface Replacement {
  readonly className: string;
  readonly options: object;
}

/** `keras` is the version by whose defaults arguments are left out. */
type Replace = (bound: Bound, keras: 2 | 3) => Replacement | undefined;

const isNumber = (value: unknown): value is number => typeof value === 'number';

/** Two tensors by a layer that merges; a tensor and a number by what `scaled` makes of the number. */
function pair(
  className: string,
  scaled: (number: number, numberFirst: boolean) => { scale: number; offset: number } | undefined = () =>
    undefined,
): Replace {
  return ({ x1, x2 }) => {
    if (x1 instanceof Reference && x2 instanceof Reference) return { className, options: {} };
    const number = x1 instanceof Reference ? x2 : x1;
    const options = isNumber(number) ? scaled(number, number === x1) : undefined;
    return options && { className: 'Rescaling', options };
  };
}

const activation =
  (name: string): Replace =>
  () => ({ className: 'Activation', options: { activation: name } });

/** Of each row, or along another axis. */
function soft(name: string, className?: string): Replace {
  return ({ axis }) => {
    if (axis === undefined || axis === null || axis === -1) return activation(name)({}, 3);
    return className && isNumber(axis) ? { className, options: { axis } } : undefined;
  };
}

const ACTIVATIONS = [
  ...['relu6', 'sigmoid', 'tanh', 'selu', 'softplus', 'softsign', 'logSigmoid', 'hardTanh', 'mish', 'silu'],
  'hardSilu',
];

const LAYERS: Readonly<Record<string, Replace>> = {
  add: pair('Add', (number) => ({ scale: 1, offset: number })),
  subtract: pair('Subtract', (number, first) =>
    first ? { scale: -1, offset: number } : { scale: 1, offset: -number },
  ),
  multiply: pair('Multiply', (number) => ({ scale: number, offset: 0 })),
  divide: (bound, keras) =>
    bound.x2 instanceof Reference
      ? undefined
      : pair('Multiply', (number, first) => (first ? undefined : { scale: 1 / number, offset: 0 }))(
          bound,
          keras,
        ),
  maximum: pair('Maximum'),
  minimum: pair('Minimum'),
  addN: () => ({ className: 'Add', options: {} }),
  concatenate: ({ axis = 0 }) =>
    isNumber(axis) ? { className: 'Concatenate', options: { axis } } : undefined,
  /** Where the batch stays by itself. */
  reshape: ({ newShape }) => {
    const sizes = newShape as unknown;
    const [batch, ...targetShape] = Array.isArray(sizes) ? (sizes as unknown[]) : [];
    if ((batch !== -1 && batch !== null) || !targetShape.every(Number.isInteger)) return undefined;
    return { className: 'Reshape', options: { targetShape } };
  },
  transpose: ({ axes }) => {
    const [first, ...dims] = Array.isArray(axes) ? (axes as number[]) : [];
    return first === 0 && dims.every((axis) => axis > 0)
      ? { className: 'Permute', options: { dims } }
      : undefined;
  },
  ...Object.fromEntries(ACTIVATIONS.map((name) => [name, activation(name)])),
  relu: (bound) => {
    const options = Object.entries(bound).filter(([name, value]) => name !== 'x' && isNumber(value));
    if (options.length === 0) return { className: 'Activation', options: { activation: 'relu' } };
    return { className: 'ReLU', options: Object.fromEntries(options) };
  },
  hardSigmoid: (bound, keras) => activation(keras === 2 ? 'legacyHardSigmoid' : 'hardSigmoid')(bound, keras),
  exp: activation('exponential'),
  identity: activation('linear'),
  softmax: soft('softmax', 'Softmax'),
  logSoftmax: soft('logSoftmax'),
  elu: ({ alpha }) => ({ className: 'ELU', options: isNumber(alpha) ? { alpha } : {} }),
  leakyRelu: ({ negativeSlope }) => ({
    className: 'LeakyReLU',
    options: { negativeSlope: isNumber(negativeSlope) ? negativeSlope : 0.2 },
  }),
  gelu: ({ approximate }, keras) => activation((approximate ?? keras === 3) ? 'geluNew' : 'gelu')({}, keras),
  resize: ({ size, interpolation }) => {
    const [height, width] = Array.isArray(size) ? (size as number[]) : [];
    const options = { height, width, interpolation: interpolation ?? 'bilinear' };
    return isNumber(height) && isNumber(width) ? { className: 'Resizing', options } : undefined;
  },
};

/** Undefined where no layer does the same; then the operation is a layer of its own, `Operation`. */
export function layerFor({ op }: Operator, bound: Bound, keras: 2 | 3): Replacement | undefined {
  return Object.hasOwn(LAYERS, op) ? LAYERS[op]!(bound, keras) : undefined;
}
