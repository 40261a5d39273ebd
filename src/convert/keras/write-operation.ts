/** Operations as configurations: as Keras 3 and as tf.keras read them, where they have the operation and all its arguments. */
import type { Symbolic } from '../../nn/layer.ts';
import type { Operation } from '../../nn/layers/operation.ts';
import { OPERATIONS } from '../../nn/operations/table.ts';
import type { KerasObject } from '../stored-model.ts';
import { itemKeyTo } from './item-keys.ts';
import { OPERATORS } from './operation-names.ts';
import { type Dialect, objectOf } from './write-layer.ts';

type Call = Symbolic['call'];

/** How a tensor is written: Keras 2's `[layer, node, tensor]`, Keras 3's object. */
type WriteTensor = (tensor: Symbolic, call: Call) => unknown;

/** Undefined where this Keras has no such operation: then it is written as a layer of our own. */
export function operationToConfig(
  layer: Operation,
  calls: readonly Call[],
  dialect: Dialect,
  tensor: WriteTensor,
): (KerasObject & { readonly inbound_nodes: unknown }) | undefined {
  if (dialect === 'keras2' && isImageMean(layer, calls)) {
    const { name, trainable, policy } = layer;
    const config = {
      name,
      trainable,
      dtype: policy.serialize('tf.keras'),
      keepdims: layer.arguments.keepDims ?? false,
    };
    const nodes = calls.map((call) => [[...(tensor(call.inputs[0]!, call) as unknown[]), {}]]);
    return { ...objectOf(dialect, 'keras.layers', 'GlobalAveragePooling2D', config), inbound_nodes: nodes };
  }
  const operator = OPERATORS.get(layer.op);
  const spelling = dialect === 'keras3' ? operator?.keras3 : operator?.tensorflow;
  const given = argumentsFor(layer, dialect);
  if (!operator || !spelling || !given) return undefined;
  const { operands, parameters } = OPERATIONS[layer.op]!;
  const listed = operands === 'list';
  const own = [...(listed ? [] : operands), ...parameters];
  const spelled = [...spelling.called, ...spelling.made];
  if (Object.keys(given).some((name) => !own.slice(0, spelled.length).includes(name))) return undefined;
  /** Tensors and constants of a call, by our names. */
  const valuesOf = (call: Call) => {
    const tensors = call.inputs.map((input) => tensor(input, call));
    if (listed) return { tensors, values: given };
    const names = operands.filter((name) => !(name in given));
    return {
      tensors,
      values: { ...given, ...Object.fromEntries(names.map((name, i) => [name, tensors[i]])) },
    };
  };
  const { name, trainable, policy } = layer;
  if (dialect === 'keras2') {
    const kind = layer.op === 'getItem' ? 'SlicingOpLambda' : 'TFOpLambda';
    const object = objectOf(dialect, 'keras.layers', kind, {
      ...{ name, trainable, dtype: policy.serialize('tf.keras'), function: spelling.name },
    });
    const nodes = calls.map((call) => {
      const { tensors, values } = valuesOf(call);
      const rest = own.slice(listed ? 0 : 1).flatMap((argument, i) => {
        const key = spelled[listed ? i : i + 1];
        return argument in values && key !== undefined
          ? [[key, (values as Record<string, unknown>)[argument]]]
          : [];
      });
      const kwargs = { ...Object.fromEntries(rest), name: null };
      if (listed) return tensors.map((one) => [...(one as unknown[]), kwargs]);
      const first = (values as Record<string, unknown>)[own[0]!];
      const isTensor = !(own[0]! in given);
      return isTensor ? [...(first as unknown[]), kwargs] : ['_CONSTANT_VALUE', -1, first, kwargs];
    });
    return { ...object, inbound_nodes: nodes };
  }
  const [module, className] = spelling.name.split('.') as [string, string];
  const made = spelling.made.flatMap((key, i) => {
    const argument = own[spelling.called.length + i]!;
    return argument in given ? [[key, given[argument]]] : [];
  });
  const object = objectOf(dialect, `keras.src.ops.${module}`, className, {
    name,
    ...Object.fromEntries(made),
  });
  return {
    ...{ ...object, registered_name: className },
    inbound_nodes: calls.map((call) => {
      const { tensors, values } = valuesOf(call);
      const args = spelling.called.map((_, i) => (values as Record<string, unknown>)[own[i]!]);
      return { args: listed ? [tensors] : args, kwargs: {} };
    }),
  };
}

/** The mean over height and width is a layer that TensorFlow.js reads too. */
function isImageMean({ op, arguments: given }: Operation, calls: readonly Call[]): boolean {
  const axes = Array.isArray(given.axis) ? given.axis.join() : '';
  return op === 'mean' && axes === '1,2' && calls.every(({ inputs }) => inputs[0]!.sample.length === 3);
}

/** In the forms of a dialect; undefined where it has none for them. */
function argumentsFor(
  { op, arguments: given }: Operation,
  dialect: Dialect,
): Record<string, unknown> | undefined {
  const values: Record<string, unknown> = { ...given };
  const { operands } = OPERATIONS[op]!;
  if (op === 'getItem') values.key = itemKeyTo(values.key, dialect);
  if (op === 'reshape') {
    const sizes = (values.newShape as readonly (number | null)[]).map((size) => size ?? -1);
    if (sizes.indexOf(-1) !== sizes.lastIndexOf(-1)) return undefined;
    values.newShape = sizes;
  }
  if (op === 'pad' && dialect === 'keras2' && typeof values.mode === 'string')
    values.mode = values.mode.toUpperCase();
  // TensorFlow wants the sizes of parts.
  if (op === 'split' && dialect === 'keras2' && Array.isArray(values.indicesOrSections)) return undefined;
  for (const name of operands === 'list' ? [] : operands)
    if (dialect === 'keras3' && Array.isArray(values[name]) && name !== 'key')
      values[name] = { class_name: '__numpy__', config: { value: values[name], dtype: 'float32' } };
  return values;
}
