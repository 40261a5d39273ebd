// Tests of bad input to ops: the right error, with op, rule, values and what is accepted, before any GPU work.
import * as ht from '../../src/node.ts';
import { suite } from '../harness.ts';
import { any, refuses, t } from './bad-input.ts';

const { ShapeError, DtypeError, ArgumentError, DataError, DisposedError, OutOfMemoryError } = ht;

refuses(suite('bad input to ops'), {
  elementwise: [
    [
      () => ht.add(t.m23!, t.v4!),
      ShapeError,
      /^add: shapes do not broadcast: a is \(2, 3\), b is \(4\); sizes must be equal or 1/,
    ],
    [() => ht.mul(t.v3!, t.half!), DtypeError, /^mul: dtypes differ: a is float32, b is float16; cast one$/],
    [() => ht.sub(t.ints!, t.words!), DtypeError, /^sub: dtypes differ: a is int32, b is uint32/],
    [() => ht.add(t.bools!, t.bools!), DtypeError, /^add: a and b are bool; cast them to a number first$/],
    [() => ht.less(t.v3!, t.ints!), DtypeError, /^less: dtypes differ/],
    [() => ht.add(t.ints!, 1.5), DataError, /^add: value 1\.5 at index 0 is no int32/],
    [
      () => ht.add(t.v3!, any(null)),
      ArgumentError,
      /^add: expected a tensor, a variable, a number or nested arrays, got null$/,
    ],
    [() => ht.add(any(undefined), t.v3!), ArgumentError, /got undefined/],
    [() => ht.add(t.v3!, any('1')), ArgumentError, /got '1'/],
    [() => ht.add(t.v3!, any({})), ArgumentError, /got Object/],
    [() => ht.add(t.v3!, [[1, 2, 3], [1]]), ShapeError, /^add: rows differ/],
    [() => ht.add(t.v3!, t.disposed!), DisposedError, /tensor of shape \(3\): it was disposed/],
    [() => ht.exp(t.ints!), DtypeError, /^exp: x is int32; use 'float32' or 'float16'$/],
    [() => ht.relu(t.bools!), DtypeError, /^relu: x is bool/],
    [() => ht.neg(any(undefined)), ArgumentError, /^neg: expected a tensor.*got undefined/],
    [() => ht.clipByValue(t.v3!, 2, 1), ArgumentError, /^clipByValue: low 2 is above high 1$/],
    [() => ht.clipByValue(t.v3!, Number.NaN, 1), ArgumentError, /NaN/],
    [() => ht.cast(t.v3!, any('f16')), DtypeError, /^cast: unknown dtype 'f16'; use 'float32', 'float16'/],
    [() => ht.cast(t.v3!, any(undefined)), DtypeError, /unknown dtype undefined/],
  ],
  matMul: [
    [
      () => ht.matMul(t.cube!, t.cubes!, false, true),
      ShapeError,
      /^matMul: batches differ: a is \(2, 3, 4\), b is \(3, 3, 4\); use leading sizes that are equal or 1$/,
    ],
    [
      () => ht.matMul(t.m23!, t.m23!, false, true, { residual: t.v4! }),
      ShapeError,
      /^matMul: residual is \(4\); use \(2, 2\)$/,
    ],
    [
      () => ht.matMul(t.cube!, t.m45!, false, false, { residual: t.m45! }),
      ShapeError,
      /^matMul: residual is \(4, 5\); use \(2, 3, 5\)$/,
    ],
    [
      () => ht.matMul(t.m23!, t.m45!),
      ShapeError,
      /^matMul: inner sizes differ: a is \(2, 3\), b is \(4, 5\)$/,
    ],
    [() => ht.matMul(t.m23!, t.m23!), ShapeError, /inner sizes differ/],
    [
      () => ht.matMul(t.m23!, t.m45!, true, true),
      ShapeError,
      /b is \(4, 5\) \(transposeA true, transposeB true\)$/,
    ],
    [() => ht.matMul(t.v3!, t.m23!), ShapeError, /^matMul: a is \(3\); use matrices, rank 2 or more$/],
    [() => ht.matMul(t.m23!, t.v3!), ShapeError, /^matMul: b is \(3\); use matrices, rank 2 or more$/],
    [
      () => ht.matMul(t.m23!, t.halfMatrix!),
      DtypeError,
      /^matMul: dtypes differ: a is float32, b is float16; cast one$/,
    ],
    [
      () => ht.matMul(ht.reshape(t.ints!, [3, 1]), ht.reshape(t.ints!, [1, 3])),
      DtypeError,
      /^matMul: a is int32; use/,
    ],
    [
      () => ht.matMul(t.m23!, t.m23!, false, true, { bias: t.v3! }),
      ShapeError,
      /^matMul: bias is \(3\); use \(2\)$/,
    ],
    [
      () => ht.matMul(t.m23!, t.m23!, true, false, { bias: t.half! }),
      DtypeError,
      /^matMul: dtypes differ: a is float32, b is float32, bias is float16; cast them to one$/,
    ],
    [
      () => ht.matMul(t.m23!, t.m23!, true, false, { activation: any('gelu') }),
      ArgumentError,
      /^matMul: unknown activation 'gelu'; use 'linear', 'relu', 'sigmoid', 'tanh' or 'relu6'$/,
    ],
    [
      () => ht.matMul(t.m23!, t.m23!, true, false, { dtype: any('int32') }),
      DtypeError,
      /^matMul: the result is int32; use/,
    ],
    [() => ht.matMul(t.m23!, any(null)), ArgumentError, /^matMul: expected.*got null/],
  ],
  reductions: [
    [() => ht.sum(t.m23!, 2), ShapeError, /^sum: axis 2 for a tensor of rank 2; use -2 to 1$/],
    [() => ht.max(t.m23!, [0, 0]), ShapeError, /^max: axes \[0, 0\] name an axis twice$/],
    [() => ht.mean(t.m23!, 0.5), ShapeError, /axis 0\.5/],
    [() => ht.sum(t.m23!, any('0')), ShapeError, /^sum: axis '0'/],
    [() => ht.mean(t.ints!), DtypeError, /^mean: x is int32; cast it to a float first$/],
    [() => ht.sum(t.bools!), DtypeError, /^sum: x is bool; cast it to a number first$/],
    [() => ht.sum(any(null)), ArgumentError, /got null/],
    [() => ht.argMax(t.scalar!), ShapeError, /^argMax: x is a scalar; use a tensor of rank 1 or more$/],
    [() => ht.argMax(t.m23!, 2), ShapeError, /^argMax: axis 2/],
    [() => ht.softmax(t.scalar!), ShapeError, /^softmax: x is a scalar/],
    [() => ht.logSoftmax(t.ints!), DtypeError, /^logSoftmax: x is int32/],
    [() => ht.softmax(t.m23!, 2), ShapeError, /^softmax: axis 2 for a tensor of rank 2; use -2 to 1$/],
    [() => ht.logSumExp(t.ints!), DtypeError, /^logSumExp: x is int32/],
    [() => ht.all(t.m23!), DtypeError, /^all: x is float32/],
    [() => ht.norm(t.m23!, 3), ArgumentError, /^norm: unknown order 3; use '1', '2', 'euclidean'/],
    [() => ht.moments(t.m23!, 2), ShapeError, /^moments: axis 2/],
  ],
  normalisations: [
    [
      () => ht.layerNormalization(t.m23!, { gamma: [1, 2] }),
      ShapeError,
      /^layerNormalization: gamma is \(2\), x is \(2, 3\); use \(3\)$/,
    ],
    [
      () => ht.rmsNormalization(t.m23!, { epsilon: -1 }),
      ArgumentError,
      /^rmsNormalization: epsilon -1; use a number from 0 on$/,
    ],
    [
      () => ht.batchNormalization(t.m23!, { mean: t.v3! }),
      ArgumentError,
      /^batchNormalization: mean is given alone; give mean and variance, or neither$/,
    ],
    [() => ht.batchNormalization(t.ints!), DtypeError, /^batchNormalization: x is int32/],
    [
      () => ht.groupNormalization(t.m23!, { groups: 2 }),
      ShapeError,
      /^groupNormalization: 2 groups of 3 channels; use a divisor of 3, or -1$/,
    ],
    [
      () => ht.groupNormalization(t.m23!, { axis: 0 }),
      ShapeError,
      /^groupNormalization: channels along axis 0 of \(2, 3\); axis 0 is the batch's$/,
    ],
  ],
  softmaxCrossEntropy: [
    [
      () => ht.softmaxCrossEntropy(t.m23!, t.ints!),
      ShapeError,
      /^softmaxCrossEntropy: int32 targets are \(3\), logits \(2, 3\); use targets \(2\)$/,
    ],
    [
      () => ht.softmaxCrossEntropy(t.m23!, t.v3!),
      ShapeError,
      /float32 targets are \(3\), logits \(2, 3\); use targets \(2, 3\)/,
    ],
    [
      () => ht.softmaxCrossEntropy(t.m23!, t.words!),
      DtypeError,
      /targets are uint32; use int32 class numbers or float32 probabilities/,
    ],
    [() => ht.softmaxCrossEntropy(t.scalar!, t.scalar!), ShapeError, /logits are a scalar/],
    [() => ht.softmaxCrossEntropy(t.ints!, t.ints!), DtypeError, /logits is int32/],
  ],
  movement: [
    [() => ht.reshape(t.m23!, [4]), ShapeError, /^reshape: \(2, 3\) has 6 elements, which do not fit \(4\)$/],
    [() => ht.reshape(t.m23!, [4, -1]), ShapeError, /do not fit \(4, -1\)/],
    [() => ht.reshape(t.m23!, [-1, -1]), ShapeError, /^reshape: .*\(-1, -1\)/],
    [() => ht.reshape(t.m23!, [-2, -3]), ShapeError, /^reshape/],
    [() => ht.reshape(t.m23!, [0, -1]), ShapeError, /^reshape/],
    [() => ht.reshape(t.m23!, any(6)), ShapeError, /^reshape/],
    [() => ht.reshape(t.m23!, any(undefined)), ShapeError, /^reshape/],
    [
      () => ht.transpose(t.m23!, [0, 0]),
      ShapeError,
      /^transpose: order \[0, 0\] for shape \(2, 3\); name each axis once$/,
    ],
    [() => ht.transpose(t.m23!, [0]), ShapeError, /order \[0\]/],
    [() => ht.transpose(t.m23!, [1, 2]), ShapeError, /order \[1, 2\]/],
    [
      () => ht.slice(t.m23!, [0, 2], [1, 2]),
      ShapeError,
      /^slice: begin \[0, 2\] and size \[1, 2\] leave shape \(2, 3\)$/,
    ],
    [() => ht.slice(t.m23!, [0], [1]), ShapeError, /^slice/],
    [() => ht.slice(t.m23!, [-1, 0], [1, 1]), ShapeError, /begin \[-1, 0\]/],
    [() => ht.slice(t.m23!, [0, 0], [1, 0]), ShapeError, /size \[1, 0\]/],
    [() => ht.slice(t.m23!, [0, 0.5], [1, 1]), ShapeError, /0\.5/],
    [
      () => ht.pad(t.m23!, [[1, 1]]),
      ShapeError,
      /^pad: paddings \[\[1, 1\]\] for shape \(2, 3\); give \[before, after\] for each axis$/,
    ],
    [
      () =>
        ht.pad(t.m23!, [
          [1, -1],
          [0, 0],
        ]),
      ShapeError,
      /-1/,
    ],
    [
      () =>
        ht.pad(t.m23!, [
          [1, 0.5],
          [0, 0],
        ]),
      ShapeError,
      /0\.5/,
    ],
    [() => ht.pad(t.m23!, any([[1], [1]])), ShapeError, /^pad: paddings \[\[1\], \[1\]\]/],
    [() => ht.pad(t.m23!, any(null)), ShapeError, /^pad: paddings null/],
    [() => ht.slice(t.m23!, any(undefined), [1, 1]), ShapeError, /^slice: begin undefined/],
    [() => ht.slice(t.m23!, [0, 0], any('11')), ShapeError, /^slice: .*size '11'/],
    [() => ht.transpose(t.m23!, any('10')), ShapeError, /^transpose: order '10'/],
    [() => ht.transpose(t.m23!, any(1)), ShapeError, /^transpose: order 1/],
    [() => ht.pad(t.ints!, [[1, 1]], 0.5), DataError, /^pad: value 0\.5/],
    [() => ht.broadcastTo(t.v3!, [2, 4]), ShapeError, /^broadcastTo: shapes do not broadcast/],
    [
      () => ht.broadcastTo(t.m23!, [3]),
      ShapeError,
      /^broadcastTo: \(2, 3\) does not broadcast to \(3\)|broadcast/,
    ],
    [() => ht.broadcastTo(t.v3!, [0, 3]), ShapeError, /no elements/],
    [() => ht.oneHot(t.v3!, 4), DtypeError, /^oneHot: indices is float32; use 'int32'$/],
    [() => ht.oneHot([0, 1.5], 4), DataError, /^oneHot: value 1\.5 at index 1 is no int32/],
    [() => ht.oneHot(t.ints!, 0), ArgumentError, /^oneHot: depth 0; use a whole number above 0$/],
    [() => ht.oneHot(t.ints!, 2.5), ArgumentError, /depth 2\.5/],
  ],
  memory: [
    [
      () => ht.zeros([2 ** 26]),
      OutOfMemoryError,
      /^full: 256\.0 MiB in one tensor; this adapter binds at most/,
    ],
    [() => ht.broadcastTo(t.v3!, [2 ** 25, 3]), OutOfMemoryError, /^broadcastTo: /],
  ],
});
