// Tests of shapes, dtypes and nested values: rules, and errors that name place, values and what is accepted.
import * as assert from 'uvu/assert';
import { BYTES, checkDType, DTYPES, isFloat, list, requireDType, show } from '../src/values/dtype.ts';
import { DataError, DtypeError, HalftapeError, ShapeError } from '../src/values/errors.ts';
import {
  decode,
  encode,
  flatten,
  isTypedArray,
  type NestedArray,
  nest,
  shapeOfNested,
} from '../src/values/nested.ts';
import {
  broadcastShapes,
  broadcastStrides,
  checkShape,
  normaliseAxes,
  sameShape,
  showShape,
  sizeOf,
  stridesOf,
} from '../src/values/shape.ts';
import { suite } from './harness.ts';
import { at, build } from './reference/array.ts';
import { broadcastTo } from './reference/elementwise.ts';

type ErrorClass = new (message: string) => Error;

function assertThrows(fn: () => unknown, kind: ErrorClass, message: string | RegExp): void {
  try {
    fn();
  } catch (error) {
    assert.instance(error, kind);
    assert.instance(error, HalftapeError);
    assert.is((error as Error).name, kind.name);
    if (typeof message === 'string') assert.is((error as Error).message, message);
    else assert.match((error as Error).message, message);
    return;
  }
  assert.unreachable(`nothing thrown, expected ${message}`);
}

const shapes = suite('shapes');

shapes('sizes and strides', () => {
  assert.is(sizeOf([]), 1);
  assert.is(sizeOf([2, 3, 4]), 24);
  assert.equal(stridesOf([]), []);
  assert.equal(stridesOf([2, 3, 4]), [12, 4, 1]);
  assert.is(showShape([]), '()');
  assert.is(showShape([2, 3]), '(2, 3)');
  assert.ok(sameShape([2, 3], [2, 3]));
  assert.not(sameShape([2, 3], [3, 2]));
  assert.not(sameShape([2], [2, 1]));
});

shapes('a checked shape is a frozen copy', () => {
  const own = [2, 3];
  const shape = checkShape('op', own);
  own[0] = 7;
  assert.equal([...shape], [2, 3]);
  assert.ok(Object.isFrozen(shape));
  assert.equal(checkShape('op', []), []);
  assert.equal(checkShape('op', [1, 1, 1, 1, 1, 1]).length, 6);
});

shapes('shapes that no tensor can have', () => {
  assertThrows(() => checkShape('op', 5), ShapeError, 'op: shape must be an array of sizes, got 5');
  assertThrows(() => checkShape('op', null), ShapeError, /got null/);
  assertThrows(() => checkShape('op', '2,3'), ShapeError, "op: shape must be an array of sizes, got '2,3'");
  const rule = 'every size must be a whole number of at least 1';
  assertThrows(() => checkShape('op', [2, 1.5]), ShapeError, `op: size 1.5 in shape (2, 1.5); ${rule}`);
  assertThrows(() => checkShape('op', [-1]), ShapeError, `op: size -1 in shape (-1); ${rule}`);
  assertThrows(() => checkShape('op', ['3']), ShapeError, /size '3'/);
  assertThrows(() => checkShape('op', [Number.NaN]), ShapeError, /size NaN/);
  assertThrows(() => checkShape('op', [2, undefined]), ShapeError, /size undefined/);
  assertThrows(
    () => checkShape('op', [2, 0]),
    ShapeError,
    /shape \(2, 0\) has no elements; every size must be at least 1/,
  );
  assertThrows(() => checkShape('op', [1, 1, 1, 1, 1, 1, 1]), ShapeError, /has rank 7; at most 6/);
  assertThrows(() => checkShape('op', [2 ** 20, 2 ** 20]), ShapeError, /more than 2\^32 - 1 elements/);
});

shapes('broadcasting goes by the last axes, as in NumPy', () => {
  const cases: [number[], number[], number[]][] = [
    [[], [], []],
    [[], [3], [3]],
    [[2, 3], [3], [2, 3]],
    [
      [2, 1],
      [1, 3],
      [2, 3],
    ],
    [[1], [4, 1, 5], [4, 1, 5]],
    [
      [7, 1, 5],
      [6, 1],
      [7, 6, 5],
    ],
  ];
  for (const [a, b, result] of cases) {
    assert.equal(broadcastShapes('op', a, b), result);
    assert.equal(broadcastShapes('op', b, a), result);
  }
  assertThrows(
    () => broadcastShapes('add', [2, 3], [2, 4]),
    ShapeError,
    'add: shapes do not broadcast: a is (2, 3), b is (2, 4); sizes must be equal or 1, from the last axis on',
  );
  assertThrows(
    () => broadcastShapes('add', [3, 1], [2, 4, 1]),
    ShapeError,
    /a is \(3, 1\), b is \(2, 4, 1\)/,
  );
});

shapes('broadcast strides read what the reference reads', () => {
  for (const [from, to] of [
    [[], [2, 3]],
    [[3], [2, 3]],
    [
      [2, 1],
      [2, 3],
    ],
    [
      [1, 3, 1],
      [4, 2, 3, 5],
    ],
  ] as const) {
    const x = build(from, () => 0);
    const numbered = { ...x, data: x.data.map((_, index) => index) };
    const strides = broadcastStrides(from, to);
    const read = build(to, (index) =>
      index.reduce((sum, position, axis) => sum + position * strides[axis]!, 0),
    );
    assert.equal(read.data, broadcastTo(numbered, to).data);
  }
});

shapes('axes are counted from the front, sorted and named once', () => {
  assert.equal(normaliseAxes('sum', undefined, 3), [0, 1, 2]);
  assert.equal(normaliseAxes('sum', -1, 3), [2]);
  assert.equal(normaliseAxes('sum', [2, -3], 3), [0, 2]);
  assert.equal(normaliseAxes('sum', [], 3), []);
  assertThrows(
    () => normaliseAxes('sum', 3, 3),
    ShapeError,
    'sum: axis 3 for a tensor of rank 3; use -3 to 2',
  );
  assertThrows(() => normaliseAxes('sum', [-4], 3), ShapeError, /axis -4/);
  assertThrows(() => normaliseAxes('sum', 0.5, 3), ShapeError, /axis 0.5/);
  assertThrows(() => normaliseAxes('sum', [0, -3], 3), ShapeError, 'sum: axes [0, -3] name an axis twice');
});

const dtypes = suite('dtypes');

dtypes('names, bytes and kinds', () => {
  for (const dtype of DTYPES) assert.is(checkDType('op', dtype), dtype);
  assert.equal(
    DTYPES.map((dtype) => BYTES[dtype]),
    [4, 2, 4, 4, 4],
  );
  assert.equal(DTYPES.filter(isFloat), ['float32', 'float16']);
});

dtypes('errors name the place, the value and what is accepted', () => {
  const all = "'float32', 'float16', 'int32', 'uint32' or 'bool'";
  assertThrows(() => checkDType('cast', 'f16'), DtypeError, `cast: unknown dtype 'f16'; use ${all}`);
  assertThrows(() => checkDType('cast', 16), DtypeError, /unknown dtype 16/);
  assertThrows(() => checkDType('cast', null), DtypeError, /unknown dtype null/);
  assertThrows(
    () => requireDType('exp', 'x', 'int32', ['float32', 'float16']),
    DtypeError,
    "exp: x is int32; use 'float32' or 'float16'",
  );
  assert.is(list(['a']), "'a'");
  assert.is(list(['a', 'b', 'c']), "'a', 'b' or 'c'");
});

dtypes('values in messages', () => {
  const shown: [unknown, string][] = [
    ['x', "'x'"],
    [1.5, '1.5'],
    [-0, '0'],
    [undefined, 'undefined'],
    [null, 'null'],
    [[1, ['a', null]], "[1, ['a', null]]"],
    [{}, 'Object'],
    [new Map(), 'Map'],
    [Object.create(null), 'an object'],
    [function named() {}, 'function named'],
    [() => {}, 'a function'],
    [5n, '5'],
  ];
  for (const [value, text] of shown) assert.is(show(value), text);
});

const nested = suite('nested values');

nested('shapes of nested arrays', () => {
  assert.equal(shapeOfNested('tensor', 5), []);
  assert.equal(shapeOfNested('tensor', [1, 2]), [2]);
  assert.equal(
    shapeOfNested('tensor', [
      [[1], [2], [3]],
      [[4], [5], [6]],
    ]),
    [2, 3, 1],
  );
  assert.equal(shapeOfNested('tensor', []), [0]);
  const rows = (values: NestedArray) => () => shapeOfNested('tensor', values);
  assertThrows(rows([[1, 2], [3]]), ShapeError, 'tensor: rows differ: row 0 is (2), row 1 is (1)');
  assertThrows(rows([1, [2]]), ShapeError, /row 0 is \(\), row 1 is \(1\)/);
  assertThrows(rows([[[1]], [2]]), ShapeError, /row 0 is \(1, 1\), row 1 is \(1\)/);
});

nested("flattening and nesting are each other's inverse", () => {
  const values = [
    [
      [1, 2],
      [3, 4],
      [5, 6],
    ],
  ];
  assert.equal(flatten(values), [1, 2, 3, 4, 5, 6]);
  assert.equal(nest([1, 2, 3, 4, 5, 6], [1, 3, 2]), values);
  assert.equal(nest(new Float32Array([7]), []), 7);
  assert.equal(nest(new Int32Array([7, 8]), [2]), [7, 8]);
  const typed = new Uint8Array([1]);
  assert.is(flatten(typed), typed);
  const x = build([2, 3, 4], (index) => 100 * index[0]! + 10 * index[1]! + index[2]!);
  assert.is((nest(x.data, x.shape) as number[][][])[1]![2]![3], at(x, [1, 2, 3]));
});

nested('typed arrays are told from other views', () => {
  assert.ok(isTypedArray(new Float64Array(1)));
  assert.not(isTypedArray(new DataView(new ArrayBuffer(4))));
  assert.not(isTypedArray([1]));
});

nested('bytes of each dtype and back', () => {
  const roundTrip = (values: ArrayLike<number | boolean>, dtype: (typeof DTYPES)[number]) => {
    const bytes = encode('tensor', values, dtype);
    const copy = new Uint8Array(bytes.byteLength);
    copy.set(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    return decode(copy.buffer, dtype, values.length);
  };
  assert.equal(roundTrip([1.5, -0.1], 'float32'), Float32Array.of(1.5, -0.1));
  assert.equal(roundTrip([1.5, 65520], 'float16'), Float32Array.of(1.5, Number.POSITIVE_INFINITY));
  assert.equal(roundTrip([-(2 ** 31), 2 ** 31 - 1], 'int32'), Int32Array.of(-(2 ** 31), 2 ** 31 - 1));
  assert.equal(roundTrip([0, 2 ** 32 - 1], 'uint32'), Uint32Array.of(0, 2 ** 32 - 1));
  assert.equal(roundTrip([true, false, 3, -1], 'bool'), Uint8Array.of(1, 0, 1, 1));
  assert.equal(roundTrip([true, false], 'int32'), Int32Array.of(1, 0));
  const halves = new Uint16Array([0x3c00]);
  assert.is(encode('tensor', halves, 'float16'), halves);
});

nested('numbers that a whole dtype does not hold', () => {
  const rule = 'use whole numbers from -2147483648 to 2147483647';
  const bad =
    (value: number, dtype: 'int32' | 'uint32' = 'int32') =>
    () =>
      encode('tensor', [0, value], dtype);
  assertThrows(bad(1.5), DataError, `tensor: value 1.5 at index 1 is no int32; ${rule}`);
  assertThrows(bad(2 ** 31), DataError, /value 2147483648 at index 1/);
  assertThrows(bad(Number.NaN), DataError, /value NaN/);
  assertThrows(
    bad(-1, 'uint32'),
    DataError,
    'tensor: value -1 at index 1 is no uint32; use whole numbers from 0 to 4294967295',
  );
  assertThrows(bad(2 ** 32, 'uint32'), DataError, /4294967296/);
});
