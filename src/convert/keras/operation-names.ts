/** How Keras 3, tf.keras and TensorFlow's graphs spell operations, and their arguments. */
import { OPERATIONS } from '../../nn/operations/table.ts';
import { camel } from './names.ts';

/** The name of an operation there, of what it is called on, and of its other arguments. */
export interface Spelling {
  /** `numpy.Mean`: a class of `keras.ops`; `math.reduce_mean`: a function of `tf`. */
  readonly name: string;
  readonly called: readonly string[];
  /** Keras 3: arguments of the class, not of its call. */
  readonly made: readonly string[];
}

/** An operation of the table of `nn`, or one that a layer stands for. */
export interface Operator {
  /** As a layer's `op` has it. */
  readonly op: string;
  /** `'list'` for any number of tensors. */
  readonly operands: readonly string[] | 'list';
  readonly parameters: readonly string[];
  /** Undefined where it has no such operation. */
  readonly keras3: Spelling | undefined;
  readonly tensorflow: Spelling | undefined;
}

/** Keras 3's class, its call's arguments before the bar; TensorFlow's function; other names that mean the same. `*`: a list of tensors. */
type Line = readonly [keras3: string, tensorflow: string, ...others: string[]];

const same = (module: string, names: string): Record<string, Line> =>
  Object.fromEntries(
    names.split(' ').map((name) => {
      const word = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
      return [name, [`${module}.${name[0]!.toUpperCase()}${name.slice(1)}(x)`, `math.${word}(x)`]];
    }),
  );
const pairs = (names: string): Record<string, Line> =>
  Object.fromEntries(
    Object.entries(same('numpy', names)).map(([name, [keras3, tensorflow]]) => [
      name,
      [keras3.replace('(x)', '(x1, x2)'), tensorflow.replace('(x)', '(x, y)')],
    ]),
  );
const folds = (names: string): Record<string, Line> =>
  Object.fromEntries(
    names
      .split(' ')
      .map((name) => [
        name,
        [
          `numpy.${name[0]!.toUpperCase()}${name.slice(1)}(x | axis, keepdims)`,
          `math.reduce_${name}(input_tensor, axis, keepdims)`,
        ],
      ]),
  );
const activations = (names: string): Record<string, Line> =>
  Object.fromEntries(
    names.split(' ').map((name) => {
      const word = name.replace(/(^|_)(.)/g, (_, __, letter: string) => letter.toUpperCase());
      return [camel(name), [`nn.${word}(x)`, `nn.${name}(features)`]];
    }),
  );

const LINES: Readonly<Record<string, Line>> = {
  ...same('numpy', 'ceil cos exp expm1 floor log log1p logicalNot reciprocal round sign sin sqrt square'),
  ...same('math', 'erf rsqrt'),
  abs: ['numpy.Absolute(x)', 'math.abs(x)'],
  negative: ['numpy.Negative(x)', 'math.negative(x)', 'Neg'],
  stopGradient: ['core.StopGradient(variable)', 'stop_gradient(input)'],
  ...pairs(
    'equal notEqual greater greaterEqual less lessEqual logicalAnd logicalOr logicalXor maximum minimum',
  ),
  ...pairs('divideNoNan'),
  add: ['numpy.Add(x1, x2)', 'math.add(x, y)', 'AddV2', 'bias_add'],
  subtract: ['numpy.Subtract(x1, x2)', 'math.subtract(x, y)', 'Sub'],
  multiply: ['numpy.Multiply(x1, x2)', 'math.multiply(x, y)', 'Mul'],
  divide: ['numpy.Divide(x1, x2)', 'math.divide(x, y)', 'TrueDivide', 'truediv', 'RealDiv', 'Div'],
  floorDivide: ['numpy.FloorDivide(x1, x2)', 'math.floordiv(x, y)'],
  mod: ['numpy.Mod(x1, x2)', 'math.floormod(x, y)'],
  power: ['numpy.Power(x1, x2)', 'math.pow(x, y)'],
  squaredDifference: ['', 'math.squared_difference(x, y)'],
  where: ['numpy.Where(condition, x1, x2)', 'where(condition, x, y)', 'where_v2', 'Select', 'SelectV2'],
  cast: ['core.Cast(x | dtype)', 'cast(x, dtype)'],
  clip: ['numpy.Clip(x | x_min, x_max)', 'clip_by_value(t, clip_value_min, clip_value_max)'],
  oneHot: ['nn.OneHot(x | num_classes)', 'one_hot(indices, depth)'],
  ...folds('all any max mean min prod sum std'),
  var: ['numpy.Var(x | axis, keepdims)', 'math.reduce_variance(input_tensor, axis, keepdims)'],
  logsumexp: ['math.Logsumexp(x | axis, keepdims)', 'math.reduce_logsumexp(input_tensor, axis, keepdims)'],
  argmax: ['numpy.Argmax(x | axis, keepdims)', 'math.argmax(input, axis)'],
  argmin: ['numpy.Argmin(x | axis, keepdims)', 'math.argmin(input, axis)'],
  norm: ['linalg.Norm(x | ord, axis, keepdims)', 'norm(tensor, ord, axis, keepdims)'],
  l2Normalize: ['', 'math.l2_normalize(x, axis, epsilon)'],
  cumsum: ['numpy.Cumsum(x | axis)', 'math.cumsum(x, axis)'],
  matmul: [
    'numpy.Matmul(x1, x2)',
    'linalg.matmul(a, b, transpose_a, transpose_b)',
    'BatchMatMul',
    'BatchMatMulV2',
  ],
  einsum: ['numpy.Einsum(* | subscripts)', ''],
  getItem: ['numpy.GetItem(x, key)', '__operators__.getitem(tensor, slice_spec)', 'StridedSlice'],
  reshape: ['numpy.Reshape(x | newshape)', 'reshape(tensor, shape)'],
  transpose: ['numpy.Transpose(x | axes)', 'transpose(a, perm)'],
  swapaxes: ['numpy.Swapaxes(x | axis1, axis2)', ''],
  expandDims: ['numpy.ExpandDims(x | axis)', 'expand_dims(input, axis)'],
  squeeze: ['numpy.Squeeze(x | axis)', 'squeeze(input, axis)'],
  flip: ['numpy.Flip(x | axis)', 'reverse(tensor, axis)', 'ReverseV2'],
  tile: ['numpy.Tile(x | repeats)', 'tile(input, multiples)'],
  repeat: ['numpy.Repeat(x | repeats, axis)', 'repeat(input, repeats, axis)'],
  pad: ['numpy.Pad(x | pad_width, mode)', 'pad(tensor, paddings, mode, constant_values)'],
  split: ['numpy.Split(x | indices_or_sections, axis)', 'split(value, num_or_size_splits, axis)'],
  unstack: ['core.Unstack(x | num, axis)', 'unstack(value, num, axis)', 'Unpack'],
  stack: ['numpy.Stack(* | axis)', 'stack(*, axis)', 'Pack'],
  concatenate: ['numpy.Concatenate(* | axis)', 'concat(*, axis)', 'ConcatV2'],
  take: ['numpy.Take(x, indices | axis)', 'gather(params, indices, axis)', 'GatherV2', 'gather_v2'],
  depthToSpace: ['', 'nn.depth_to_space(input, block_size)'],
  spaceToDepth: ['', 'nn.space_to_depth(input, block_size)'],

  // Layers stand for these.
  ...activations('relu6 sigmoid tanh selu softplus softsign hard_sigmoid log_sigmoid hard_tanh mish'),
  relu: [
    'nn.Relu(x | negative_slope, max_value, threshold)',
    'nn.relu(features, alpha, max_value, threshold)',
  ],
  silu: ['nn.Silu(x)', 'nn.silu(features)', 'swish'],
  hardSilu: ['nn.HardSilu(x)', 'nn.hard_silu(features)', 'HardSwish'],
  identity: ['core.Identity(x)', 'identity(input)'],
  elu: ['nn.Elu(x | alpha)', 'nn.elu(features)'],
  gelu: ['nn.Gelu(x | approximate)', 'nn.gelu(features, approximate)'],
  leakyRelu: ['nn.LeakyRelu(x | negative_slope)', 'nn.leaky_relu(features, alpha)'],
  softmax: ['nn.Softmax(x | axis)', 'nn.softmax(logits, axis)'],
  logSoftmax: ['nn.LogSoftmax(x | axis)', 'nn.log_softmax(logits, axis)'],
  resize: ['image.Resize(x | size, interpolation)', 'image.resize(images, size, method)', 'resize_v2'],
  addN: ['', 'math.add_n(*)'],
};

function spellingOf(text: string): Spelling | undefined {
  const found = /^([\w.]+)\((.*)\)$/.exec(text);
  if (!found) return undefined;
  const [called = '', made = ''] = found[2]!.split(' | ');
  const words = (list: string) => list.split(', ').filter((word) => word !== '' && word !== '*');
  return { name: found[1]!, called: words(called), made: words(made) };
}

function operatorOf(op: string, [first, second]: Line): Operator {
  const [keras3, tensorflow] = [spellingOf(first), spellingOf(second)];
  const row = Object.hasOwn(OPERATIONS, op) ? OPERATIONS[op] : undefined;
  const own = keras3 ?? tensorflow!;
  return {
    ...{ op, keras3, tensorflow },
    operands: row?.operands ?? (`${first}${second}`.includes('*') ? 'list' : own.called.slice(0, 1)),
    parameters: row?.parameters ?? [...own.called.slice(1), ...own.made].map(camel),
  };
}

/** `reduce_mean`, `ReduceMean` and `math.reduce_mean` are one word. */
function wordOf(name: string): string {
  return name.split('.').at(-1)!.replaceAll('_', '').toLowerCase();
}

export const OPERATORS: ReadonlyMap<string, Operator> = new Map(
  Object.entries(LINES).map(([op, line]) => [op, operatorOf(op, line)]),
);

const BY_WORD = new Map(
  Object.entries(LINES).flatMap(([op, [first, second, ...others]]) => {
    const names = [first, second].flatMap((text) => spellingOf(text)?.name ?? []);
    return [op, ...names, ...others].map((name) => [wordOf(name), OPERATORS.get(op)!] as const);
  }),
);

/** The operation of this name, in any spelling. */
export function operatorNamed(name: string): Operator | undefined {
  return BY_WORD.get(wordOf(name));
}

/** Arguments that older functions, and ops of graphs, call otherwise. */
const OTHERWISE: Readonly<Record<string, string>> = {
  ...{ keep_dims: 'keepDims', squeeze_dims: 'axis', dim: 'axis', DstT: 'dtype', DT: 'dtype' },
  ...{ adj_x: 'transposeA', adj_y: 'transposeB', bias: 'x2', value: 'x1', num_split: 'indicesOrSections' },
  ...{ adjoint_a: 'transposeA', adjoint_b: 'transposeB' },
};

/** Our name of an argument that a file calls `key`. */
export function argumentNamed(
  { operands, parameters, keras3, tensorflow }: Operator,
  key: string,
): string | undefined {
  const own = [...(operands === 'list' ? [] : operands), ...parameters];
  if (own.includes(key)) return key;
  for (const spelling of [tensorflow, keras3]) {
    const at = spelling ? [...spelling.called, ...spelling.made].indexOf(key) : -1;
    if (at >= 0) return own[at];
  }
  return [OTHERWISE[key], camel(key)].find((name) => name !== undefined && own.includes(name));
}
