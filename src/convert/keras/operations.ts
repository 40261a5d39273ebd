/** Operations between layers, as functional models of Keras hold them (`x * 2`, `tf.nn.relu(x)`): each becomes the layer that does the same. */
import type { AnyLayer } from '../../nn/layer.ts';
import { layerClass } from '../../nn/layers/index.ts';
import { isRecord, type Place } from '../json.ts';
import { camel, snake } from './names.ts';
import { type Argument, Reference, referencesIn, type StoredCall } from './read-calls.ts';
import { placed, policyFrom } from './read-layer.ts';

/** Class and options of a layer, and the arguments that it takes as inputs. */
interface Replacement {
  readonly className: string;
  readonly options: object;
  readonly inputs: readonly Argument[];
}

type Replace = (call: StoredCall, first: Argument, second: Argument | undefined) => Replacement | undefined;

const isNumber = (value: unknown): value is number => typeof value === 'number';

/** Two tensors by a layer that merges; a tensor and a number by what `scaled` makes of the number. */
function binary(
  className: string,
  scaled: (number: number, numberFirst: boolean) => { scale: number; offset: number } | undefined,
): Replace {
  return (_, first, second) => {
    if (first instanceof Reference && second instanceof Reference)
      return { className, options: {}, inputs: [first, second] };
    const [tensor, number] = isNumber(first) ? [second, first] : [first, second];
    const options = isNumber(number) ? scaled(number, number === first) : undefined;
    if (!(tensor instanceof Reference) || !options) return undefined;
    return { className: 'Rescaling', options, inputs: [tensor] };
  };
}

const activation =
  (name: string): Replace =>
  (_, first) => ({ className: 'Activation', options: { activation: name }, inputs: [first] });

const product = binary('Multiply', (number) => ({ scale: number, offset: 0 }));
const sum = binary('Add', (number) => ({ scale: 1, offset: number }));
const difference = binary('Subtract', (number, numberFirst) =>
  numberFirst ? { scale: -1, offset: number } : { scale: 1, offset: -number },
);
const quotient: Replace = (call, first, second) =>
  second instanceof Reference
    ? undefined
    : binary('Multiply', (number, numberFirst) =>
        numberFirst ? undefined : { scale: 1 / number, offset: 0 },
      )(call, first, second);
const merged = (className: string) => binary(className, () => undefined);

const concat: Replace = ({ args, kwargs }) => {
  const axis = kwargs.axis ?? args.find(isNumber) ?? -1;
  return isNumber(axis) ? { className: 'Concatenate', options: { axis }, inputs: args } : undefined;
};

/** Over the axes between batch and channels. */
const mean: Replace = ({ kwargs }, first, second) => {
  const axes = [(kwargs.axis ?? second ?? []) as number | number[]].flat();
  const keepDims = kwargs.keepdims === true;
  const className = { '1': 'GlobalAveragePooling1D', '1,2': 'GlobalAveragePooling2D' }[axes.join()];
  return className === undefined ? undefined : { className, options: { keepDims }, inputs: [first] };
};

const reshape: Replace = ({ kwargs }, first, second) => {
  const shape = (kwargs.shape ?? kwargs.newshape ?? second) as unknown;
  if (!Array.isArray(shape) || !shape.every(Number.isInteger)) return undefined;
  return { className: 'Reshape', options: { targetShape: shape.slice(1) }, inputs: [first] };
};

const OPERATIONS: Readonly<Record<string, Replace>> = {
  ...{
    add: sum,
    subtract: difference,
    multiply: product,
    truediv: quotient,
    true_divide: quotient,
    divide: quotient,
  },
  ...{ maximum: merged('Maximum'), minimum: merged('Minimum') },
  ...{ concat, concatenate: concat, reduce_mean: mean, mean, reshape },
  ...Object.fromEntries(
    [
      ...[
        'relu',
        'relu6',
        'sigmoid',
        'tanh',
        'elu',
        'selu',
        'silu',
        'softplus',
        'softsign',
        'softmax',
        'gelu',
      ],
      ...['hard_sigmoid', 'hard_silu', 'log_softmax', 'exp'],
    ].map((name) => [name, activation(name === 'exp' ? 'exponential' : name)]),
  ),
  ...{ swish: activation('silu'), hard_swish: activation('hard_silu'), identity: activation('linear') },
};

/**
 * The name of the operation that a configuration is of; undefined for a layer. tf.keras: `TFOpLambda` with `function` such as `math.multiply`,
 * `nn.relu`, `__operators__.add`. Keras 3: a class of `keras.src.ops`.
 */
export function operationName(place: Place): string | undefined {
  const { class_name: kind, module, config } = isRecord(place.value) ? place.value : {};
  if (kind === 'TFOpLambda') {
    const name = isRecord(config) ? config.function : undefined;
    return typeof name === 'string' ? name.split('.').at(-1) : undefined;
  }
  const isOperation = typeof module === 'string' && /^keras\.(src\.)?ops\./.test(module);
  return isOperation && typeof kind === 'string'
    ? snake(camel(kind.replace(/^./, (letter) => letter.toLowerCase())))
    : undefined;
}

export function isKnownOperation(name: string): boolean {
  return Object.hasOwn(OPERATIONS, name);
}

/** The layer that stands for an operation, and its calls on tensors alone. Throws `FormatError` for arguments that no layer has. */
export function operationFrom(
  place: Place,
  name: string,
  calls: readonly StoredCall[],
): { layer: AnyLayer; calls: readonly StoredCall[] } {
  const replaced = calls.map((call) => {
    const { x1 = call.kwargs.x, x2 = call.kwargs.y } = call.kwargs;
    const [first = x1, second = x2] = call.args;
    const known = Object.hasOwn(OPERATIONS, name) ? OPERATIONS[name] : undefined;
    const found = first === undefined ? undefined : known?.(call, first, second);
    return found ?? call.place.fail(`operation ${name} on these arguments is not supported`);
  });
  const [first, ...others] = replaced;
  if (!first) place.fail('an operation that is called on nothing');
  const { className, options } = first!;
  const told = JSON.stringify([className, options]);
  if (others.some((other) => JSON.stringify([other.className, other.options]) !== told))
    place.fail('an operation that is called with other numbers each time');
  const kind = layerClass(className)!;
  const own = place.at('config').at('name').value ?? place.at('name').value;
  const layer = placed(
    place,
    () =>
      new kind({ ...options, dtype: policyFrom(place.at('config').at('dtype')), name: String(own) } as never),
  ) as AnyLayer;
  return {
    layer,
    calls: calls.map(({ place }, index) => ({
      place,
      args: replaced[index]!.inputs.flatMap(referencesIn),
      kwargs: {},
    })),
  };
}
