/** Operations between layers, as functional models of Keras hold them (`x * 2`, `x[:, 0]`, `tf.nn.relu(x)`): each becomes a layer. */
import type { AnyLayer } from '../../nn/layer.ts';
import { layerClass } from '../../nn/layers/index.ts';
import { isRecord, type Json, type Place } from '../json.ts';
import { itemKeyFrom } from './item-keys.ts';
import { type Bound, layerFor } from './operation-layers.ts';
import { argumentNamed, type Operator, operatorNamed } from './operation-names.ts';
import { type Argument, Reference, referencesIn, type StoredCall } from './read-calls.ts';
import { placed, policyFrom } from './read-layer.ts';

/** Kinds of layers that tf.keras makes of operations: of functions of TensorFlow since 2.4, of nodes of its graphs before. */
const LAMBDAS = ['TFOpLambda', 'SlicingOpLambda'];
const GRAPH_OP = 'TensorFlowOpLayer';

/**
 * The name of the operation that a configuration is of; undefined for a layer. tf.keras: `TFOpLambda` with `function` such as `math.multiply`,
 * `nn.relu`, `__operators__.add`, or `TensorFlowOpLayer` with a node. Keras 3: a class of `keras.src.ops`.
 */
export function operationName(place: Place): string | undefined {
  const { class_name: kind, module, config } = isRecord(place.value) ? place.value : {};
  if (LAMBDAS.includes(kind as string)) {
    const name = isRecord(config) ? config.function : undefined;
    return typeof name === 'string' ? name : undefined;
  }
  if (kind === GRAPH_OP) return nodeOf(place).op;
  const isOperation = typeof module === 'string' && /^keras\.(src\.)?ops\./.test(module);
  return isOperation && typeof kind === 'string' ? kind : undefined;
}

export function isKnownOperation(name: string): boolean {
  return operatorNamed(name) !== undefined;
}

/** The layer that stands for an operation, and its calls on tensors alone. Throws `FormatError` for arguments that it does not take. */
export function operationFrom(
  place: Place,
  name: string,
  calls: readonly StoredCall[],
): { layer: AnyLayer; calls: readonly StoredCall[] } {
  const operator = operatorNamed(name)!;
  const keras = place.at('class_name').value === name ? 3 : 2;
  const all = calls.map((call) => {
    const { bound, inputs } = boundOf(operator, place, call);
    if (inputs.length === 0) call.place.fail(`operation ${name} is called on no result of a layer`);
    const replaced = layerFor(operator, bound, keras) ?? {
      className: 'Operation',
      options: { op: operator.op, arguments: argumentsIn(bound) },
    };
    return { ...replaced, call: { place: call.place, args: inputs, kwargs: {} } };
  });
  const [first, ...others] = all;
  if (!first) place.fail('an operation that is called on nothing');
  const { className, options } = first!;
  const told = JSON.stringify([className, options]);
  if (others.some((other) => JSON.stringify([other.className, other.options]) !== told))
    place.fail('an operation that is called with other arguments each time');
  const kind = layerClass(className)!;
  const own = place.at('config').at('name').value ?? place.at('name').value;
  const dtype = policyFrom(place.at('config').at('dtype'));
  const layer = placed(first!.call.place, () => new kind({ ...options, dtype, name: String(own) } as never));
  return { layer: layer as AnyLayer, calls: all.map(({ call }) => call) };
}

/** Arguments by our names, and the tensors among them in the operation's order. Throws `FormatError`. */
function boundOf(
  operator: Operator,
  place: Place,
  call: StoredCall,
): { bound: Bound; inputs: readonly Reference[] } {
  const { op, operands, parameters } = operator;
  const bound: Record<string, Argument> = {};
  const names = operands === 'list' ? parameters : [...operands, ...parameters];
  const { positional, named } = argumentsOf(place, call);
  // A list's tensors come one by one or as one argument.
  const given = operands === 'list' ? positional.flat(1) : positional;
  const tensors = operands === 'list' ? given.flatMap(referencesIn) : [];
  const rest = operands === 'list' ? given.filter((value) => !(value instanceof Reference)) : given;
  if (rest.length > names.length) call.place.fail(`${rest.length} arguments of operation ${op}`);
  for (const [index, value] of rest.entries()) bound[names[index]!] = value;
  for (const [key, value] of named) {
    const name = argumentNamed(operator, key);
    if (name !== undefined) bound[name] = value;
    else if (operands === 'list' && referencesIn(value).length > 0) tensors.push(...referencesIn(value));
    else if (!saysNothing(key, value)) call.place.fail(`argument ${key} of operation ${op} is not supported`);
  }
  if (operands === 'list') return { bound, inputs: tensors };
  const inputs = operands.flatMap((name) => (bound[name] instanceof Reference ? [bound[name]] : []));
  const literals = Object.entries(bound).map(([name, value]): [string, Argument] => {
    if (!(value instanceof Reference) && referencesIn(value).length > 0)
      call.place.fail(`argument ${name} of operation ${op} depends on data`);
    if (value instanceof Reference && !operands.includes(name))
      call.place.fail(`argument ${name} of operation ${op} is the result of a layer`);
    return [name, value instanceof Reference ? value : ownValue(operator, place, name, value)];
  });
  return { bound: Object.fromEntries(literals), inputs };
}

/** Everything that a call is told: Keras 3 holds a part of it in the configuration, graphs' nodes in attributes and constants. */
function argumentsOf(
  place: Place,
  { args, kwargs }: StoredCall,
): { positional: readonly Argument[]; named: readonly (readonly [string, Argument])[] } {
  if (place.at('class_name').value === GRAPH_OP) return nodeArguments(place, args);
  const isLambda = LAMBDAS.includes(place.at('class_name').value as string);
  const config = isLambda ? {} : place.at('config').record;
  const made = Object.entries(config).filter(([key]) => !['name', 'trainable'].includes(key));
  const named = [...made, ...Object.entries(kwargs)].map(
    ([key, value]) => [key, plain(value as Argument)] as const,
  );
  return { positional: args.map(plain), named };
}

interface GraphOp {
  readonly op: string;
  readonly attributes: Json;
}

function nodeOf(place: Place): GraphOp {
  const stored = place.at('config').at('node_def');
  let node: unknown = stored.value;
  try {
    if (typeof node === 'string') node = JSON.parse(node);
  } catch {
    stored.refuse('a node of a graph in JSON');
  }
  if (!isRecord(node) || typeof node.op !== 'string') stored.refuse('a node of a graph');
  const { op, attr = {} } = node as Json;
  return { op: op as string, attributes: isRecord(attr) ? attr : {} };
}

/** Tensors, constants between them by their places, and attributes. */
function nodeArguments(place: Place, tensors: readonly Argument[]) {
  const constants = Object.entries(place.at('config').at('constants').value ?? {});
  const positional = tensors.flat(1) as Argument[];
  for (const [index, value] of constants.sort(([a], [b]) => Number(a) - Number(b)))
    positional.splice(Number(index), 0, value as Argument);
  const { op, attributes } = nodeOf(place);
  const named = Object.entries(attributes).flatMap(([key, value]): [string, Argument][] => {
    if (!isRecord(value)) return [];
    const [kind, own] = Object.entries(value)[0] ?? [];
    if (kind === 'list') return [[key, (Object.values(own as object)[0] ?? []).map(Number)]];
    return kind === 'shape' ? [] : [[key, kind === 'i' ? Number(own) : (own as Argument)]];
  });
  if (op !== 'StridedSlice') return { positional, named };
  const [x, begin, end, steps] = positional;
  const masks = Object.fromEntries(named);
  return { positional: [x!, itemKeyFrom(begin, end, steps, masks)], named: [] };
}

/** Arguments of functions that change nothing, whatever they are, or with these values. */
const SILENT: Readonly<Record<string, (value: unknown) => boolean>> = {
  ...Object.fromEntries(
    [
      'name',
      'T',
      'N',
      'U',
      'Tidx',
      'Tdim',
      'Tshape',
      'Tperm',
      'Tpaddings',
      'Tmultiples',
      'SrcT',
      'Tindices',
    ].map((key) => [key, () => true]),
  ),
  ...{
    dtype: () => true,
    output_type: () => true,
    Taxis: () => true,
    Tparams: () => true,
    Index: () => true,
  },
  ...{
    data_format: (value) => value === 'NHWC' || value === 'channels_last',
    batch_dims: (value) => value === 0,
  },
  ...{ beta: (value) => value === 1, alpha: (value) => value === 1, order: (value) => value === 2 },
};

function saysNothing(key: string, value: Argument): boolean {
  return value === null || value === false || SILENT[key]?.(value) === true;
}

/** Arrays and slices out of the objects in which Keras 3 writes them. */
function plain(value: Argument): Argument {
  if (value instanceof Reference) return value;
  if (Array.isArray(value)) return (value as readonly Argument[]).map(plain);
  if (!isRecord(value)) return value;
  const { class_name: kind, config } = value;
  if (kind === '__ellipsis__') return '...';
  const own = isRecord(config) ? config : {};
  if (kind === '__numpy__' || kind === '__tensor__') return own.value as Argument;
  if (kind === '__slice__')
    return { start: own.start ?? null, stop: own.stop ?? null, step: own.step ?? null };
  return value;
}

const DTYPES: readonly (readonly [RegExp, string])[] = [
  [/^(dt_)?(float(32|64)?|double|bfloat16)$/i, 'float32'],
  [/^(dt_)?(float16|half)$/i, 'float16'],
  [/^(dt_)?u?int(8|16|32|64)$/i, 'int32'],
  [/^(dt_)?bool$/i, 'bool'],
];

/** An argument that TensorFlow has in another form than we. */
function ownValue({ op }: Operator, place: Place, name: string, value: Argument): Argument {
  if (op === 'cast' && name === 'dtype')
    return DTYPES.find(([names]) => names.test(String(value)))?.[1] ?? value;
  if ((name === 'mode' || name === 'interpolation') && typeof value === 'string') return value.toLowerCase();
  const isFunction = LAMBDAS.includes(place.at('class_name').value as string);
  // TensorFlow has the sizes of parts where NumPy has the places between them.
  if (op === 'split' && Array.isArray(value) && isFunction) {
    let end = 0;
    return (value as readonly number[]).slice(0, -1).map((size) => (end += size));
  }
  return value;
}

/** Arguments of the layer: those that are no tensors, null left out. */
function argumentsIn(bound: Bound): Record<string, Argument> {
  return Object.fromEntries(
    Object.entries(bound).filter(([, value]) => !(value instanceof Reference) && value !== null),
  );
}
