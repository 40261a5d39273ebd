// Tests of bad input to what makes tensors, and of options that do not exist.
import * as ht from '../../src/node.ts';
import { suite } from '../harness.ts';
import { any, refuses, t } from './bad-input.ts';

const { ShapeError, DtypeError, ArgumentError, DataError } = ht;

refuses(suite('bad input to creation'), {
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
  options: [
    [
      () => ht.tensor([1], any({ dytpe: 'int32' })),
      ArgumentError,
      /^tensor: unknown option 'dytpe'; use 'shape', /,
    ],
    [() => ht.tensor([1], any(null)), ArgumentError, /^tensor: options are null; use an object with/],
    [
      () => ht.matMul(t.m23!, t.m23!, true, false, any({ activaton: 'relu' })),
      ArgumentError,
      /'activaton'; use 'bias'/,
    ],
    [
      () => ht.variable([1], any({ trainible: false })),
      ArgumentError,
      /^variable: unknown option 'trainible'/,
    ],
    [
      () => new ht.GradientTape(any({ persist: true })),
      ArgumentError,
      /^GradientTape: unknown option 'persist'/,
    ],
    [
      () => new ht.GradientTape().gradient(t.v3!, t.v3!, any({ unconected: 'zero' })),
      ...([ArgumentError, /^GradientTape\.gradient: unknown option 'unconected'/] as const),
    ],
    [() => ht.tidy(any(async () => ht.ones([3]))), ArgumentError, /^tidy: the function is async/],
    [
      () => new ht.GradientTape().record(async () => 0),
      ArgumentError,
      /^GradientTape\.record: the function is async/,
    ],
  ],
});
