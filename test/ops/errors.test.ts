// Tests of bad input: the right error, a message with op, rule, values and what is accepted, and no GPU work before it.
import * as assert from 'uvu/assert';
import * as ht from '../../src/node.ts';
import { suite } from '../harness.ts';

const test = suite('bad input');

let engine: ht.Engine;
const t: Record<string, ht.Tensor> = {};
test.before(async () => {
  engine = await ht.open();
  Object.assign(t, {
    scalar: ht.tensor(1),
    v3: ht.tensor([1, 2, 3]),
    v4: ht.ones([4]),
    m23: ht.ones([2, 3]),
    m45: ht.ones([4, 5]),
    cube: ht.ones([2, 3, 4]),
    half: ht.ones([3], 'float16'),
    halfMatrix: ht.ones([3, 2], 'float16'),
    ints: ht.tensor(Int32Array.of(1, 2, 3)),
    words: ht.tensor(Uint32Array.of(1, 2, 3)),
    bools: ht.tensor([true, false, true]),
    disposed: ht.ones([3]),
  });
  t.disposed!.dispose();
  await engine.settle();
});
test.after(() => engine.close());

type ErrorClass = new (message: string) => Error;
type Row = readonly [call: () => unknown, kind: ErrorClass, message: RegExp];

const any = (value: unknown) => value as never;
const { ShapeError, DtypeError, ArgumentError, DataError, DisposedError, OutOfMemoryError } = ht;

const ROWS: Record<string, readonly Row[]> = {
  tensor: [
    [() => ht.tensor([[1, 2], [3]]), ShapeError, /^tensor: rows differ: row 0 is \(2\), row 1 is \(1\)$/],
    [() => ht.tensor([1, [2]]), ShapeError, /^tensor: rows differ/],
    [() => ht.tensor([]), ShapeError, /^tensor: shape \(0\) has no elements; every size must be at least 1$/],
    [() => ht.tensor([[], []]), ShapeError, /shape \(2, 0\) has no elements/],
    [
      () => ht.tensor([1, 2, 3], { shape: [2, 2] }),
      ShapeError,
      /^tensor: 3 values for shape \(2, 2\) of 4 elements$/,
    ],
    [() => ht.tensor([1], { shape: any(1) }), ShapeError, /^tensor: shape must be an array of sizes, got 1$/],
    [() => ht.tensor([1], { shape: [1, 1, 1, 1, 1, 1, 1] }), ShapeError, /rank 7; at most 6/],
    [
      () => ht.tensor([1], { dtype: any('double') }),
      DtypeError,
      /^tensor: unknown dtype 'double'; use 'float32', /,
    ],
    [
      () => ht.tensor([1, 1.5], { dtype: 'int32' }),
      DataError,
      /^tensor: value 1\.5 at index 1 is no int32; use whole numbers/,
    ],
    [() => ht.tensor([-1], { dtype: 'uint32' }), DataError, /value -1 at index 0 is no uint32/],
    [() => ht.tensor([1e10], { dtype: 'int32' }), DataError, /value 10000000000/],
    [() => ht.tensor(any(null)), DataError, /^tensor: value null at index 0; use numbers or booleans$/],
    [() => ht.tensor(any(undefined)), DataError, /value undefined/],
    [() => ht.tensor(any('1')), DataError, /value '1'/],
    [() => ht.tensor(any([1, null])), DataError, /value null at index 1/],
    [() => ht.tensor(any(['1', 2])), DataError, /value '1' at index 0/],
    [() => ht.tensor(any({ a: 1 })), DataError, /value Object at index 0/],
    [() => ht.tensor(any(new BigInt64Array(2))), DataError, /value 0 at index 0; use numbers/],
  ],
  full: [
    [() => ht.full([2, 0], 1), ShapeError, /^full: shape \(2, 0\) has no elements/],
    [() => ht.full([2.5], 1), ShapeError, /^full: size 2\.5 in shape \(2\.5\)/],
    [() => ht.full([-1], 1), ShapeError, /size -1/],
    [() => ht.full(any(3), 1), ShapeError, /shape must be an array/],
    [() => ht.zeros([2], any('f32')), DtypeError, /^full: unknown dtype 'f32'/],
    [() => ht.full([2], any('1')), DataError, /^full: value '1' at index 0; use numbers/],
    [() => ht.full([2], any(undefined)), DataError, /value undefined/],
    [() => ht.full([2], 1.5, 'int32'), DataError, /value 1\.5 at index 0 is no int32/],
    [() => ht.full([2], -1, 'uint32'), DataError, /value -1/],
  ],
  'range and eye': [
    [() => ht.range(0, 0), ArgumentError, /^range: 0 to 0 by 1 has no elements$/],
    [() => ht.range(0, 5, -1), ArgumentError, /^range: 0 to 5 by -1 has no elements/],
    [() => ht.range(0, 5, 0), ArgumentError, /^range/],
    [() => ht.range(0, Number.NaN), ArgumentError, /0 to NaN/],
    [() => ht.range(0, 1e12), ht.HalftapeError, /^range/],
    [() => ht.range(0, 1, 0.5, 'int32'), DataError, /0\.5/],
    [() => ht.eye(0), ShapeError, /^eye: shape \(0, 0\) has no elements/],
    [() => ht.eye(1.5), ShapeError, /^eye: size 1\.5/],
  ],
  random: [
    [() => ht.randomUniform([0]), ShapeError, /^randomUniform: shape \(0\)/],
    [
      () => ht.randomNormal([2], 0, 1, 'int32'),
      DtypeError,
      /^randomNormal: dtype is int32; use 'float32' or 'float16'$/,
    ],
    [() => ht.randomUniform([2], any('0')), ht.HalftapeError, /^randomUniform/],
    [() => ht.dropout(t.v3!, 1), ArgumentError, /^dropout: rate 1; use a number from 0 to below 1$/],
    [() => ht.dropout(t.v3!, -0.1), ArgumentError, /rate -0\.1/],
    [() => ht.dropout(t.v3!, Number.NaN), ArgumentError, /rate NaN/],
    [() => ht.dropout(t.ints!, 0.5), DtypeError, /^dropout: dtype is int32/],
  ],
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
    [() => ht.matMul(t.v3!, t.m23!), ShapeError, /^matMul: a is \(3\); use matrices of rank 2$/],
    [() => ht.matMul(t.m23!, t.cube!), ShapeError, /^matMul: b is \(2, 3, 4\); use matrices of rank 2$/],
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
      /^matMul: bias is float32 \(3\); use float32 \(2\)$/,
    ],
    [
      () => ht.matMul(t.m23!, t.m23!, true, false, { bias: t.half! }),
      ht.HalftapeError,
      /^matMul: bias is float16 \(3\); use float32 \(3\)$/,
    ],
    [
      () => ht.matMul(t.m23!, t.m23!, true, false, { activation: any('gelu') }),
      ArgumentError,
      /^matMul: unknown activation 'gelu'; use 'linear', 'relu', 'sigmoid' or 'tanh'$/,
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
    [() => ht.logSumExp(t.scalar!), ShapeError, /^logSumExp: x is a scalar/],
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
};

for (const [name, rows] of Object.entries(ROWS)) {
  test(`${name}: refused before any GPU work, in words that help`, async () => {
    for (const [call, kind, message] of rows) {
      const before = { ...engine.memory(), submits: engine.submits };
      try {
        ht.tidy(call);
      } catch (error) {
        assert.ok(
          error instanceof kind && message.test(error.message),
          `${call}\n  threw ${error}\n  expected ${kind.name} ${message}`,
        );
        const { peakBytes: _, ...after } = { ...engine.memory(), submits: engine.submits };
        const { peakBytes: __, ...expected } = before;
        assert.equal(after, expected, `${call}`);
        continue;
      }
      assert.unreachable(`${call} was accepted, expected ${kind.name} ${message}`);
    }
    await engine.settle();
  });
}
