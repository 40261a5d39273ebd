// Layer table: operations as layers, each with the arguments that change what it does.
import { uniform } from '../ops/draws.ts';
import { concat, mirrorPad, stack, strided, tile } from '../reference/arranging.ts';
import { at, build, type Plain } from '../reference/array.ts';
import { type Binary, binary, unary } from '../reference/elementwise.ts';
import { pad, reshape, transpose } from '../reference/movement.ts';
import { type Fold, maxOf, meanOf, minOf, productOf, reduce, sumOf } from '../reference/reduce.ts';
import type { LayerRow } from './row.ts';

const positive = uniform(0.25, 2);
const image = [2, 4, 6, 8];
const two = [
  [2, 3, 5],
  [2, 3, 5],
];

/** In float32: how arguments become those of ops, which are tested by themselves in halves too. */
function row(
  op: string,
  given: object,
  inputs: readonly (readonly number[])[],
  reference: LayerRow['reference'],
  more: Partial<LayerRow> = {},
): LayerRow {
  const options = { op, arguments: given };
  return { layer: 'operation', options, inputs, reference, policies: ['float32'], ...more };
}

/** What an operation does itself in halves. */
const both = { policies: ['float32', 'mixed_float16'] } as const;

const UNARY: Record<string, (x: number) => number> = {
  ...{ abs: Math.abs, cos: Math.cos, exp: Math.exp, expm1: Math.expm1, negative: (x) => -x, sin: Math.sin },
  ...{ square: (x) => x * x },
};
const POSITIVE: Record<string, (x: number) => number> = {
  ...{ log: Math.log, log1p: Math.log1p, reciprocal: (x) => 1 / x, rsqrt: (x) => 1 / Math.sqrt(x) },
  sqrt: Math.sqrt,
};
const BINARY: Record<string, Binary> = {
  ...{ add: binary((a, b) => a + b), subtract: binary((a, b) => a - b), multiply: binary((a, b) => a * b) },
  ...{ maximum: binary(Math.max), minimum: binary(Math.min) },
  squaredDifference: binary((a, b) => (a - b) ** 2),
};
const FOLDS: Record<string, Fold> = {
  ...{ max: maxOf, mean: meanOf, min: minOf, prod: productOf, sum: sumOf },
  logsumexp: (values) => Math.log(sumOf(values.map(Math.exp))),
  var: (values) => meanOf(values.map((x) => (x - meanOf(values)) ** 2)),
  norm: (values) => Math.sqrt(sumOf(values.map((x) => x * x))),
};

const table = [
  [1, -2, 0.5],
  [4, 0, -1],
];
const constant: Plain = { shape: [2, 3], data: table.flat() };

const ELEMENTWISE: readonly LayerRow[] = [
  ...Object.entries(UNARY).map(([op, f]) => row(op, {}, [[3, 7]], unary(f))),
  ...Object.entries(POSITIVE).map(([op, f]) => row(op, {}, [[3, 7]], unary(f), { draws: positive })),
  ...Object.entries(BINARY).map(([op, f]) => row(op, {}, two, f)),
  row(
    'divide',
    {},
    [
      [2, 3, 5],
      [2, 3, 1],
    ],
    binary((a, b) => a / b),
    { draws: positive },
  ),
  row(
    'divide',
    { x1: 2 },
    [[3, 7]],
    unary((x) => 2 / x),
    { draws: positive },
  ),
  row(
    'divideNoNan',
    {},
    two,
    binary((a, b) => a / b),
    { draws: positive },
  ),
  row(
    'power',
    { x2: 3 },
    [[3, 7]],
    unary((x) => x ** 3),
    { draws: positive },
  ),
  row(
    'power',
    {},
    two,
    binary((a, b) => a ** b),
    { draws: positive },
  ),
  row(
    'mod',
    { x2: 8 },
    [[3, 7]],
    unary((x) => x),
    { draws: positive },
  ),
  row(
    'add',
    { x2: [0.5, -1, 2] },
    [[2, 4, 3]],
    (x) => binary((a, b) => a + b)(x, { shape: [3], data: [0.5, -1, 2] }),
    both,
  ),
  row('multiply', { x1: [table] }, [[4, 2, 3]], (x) => binary((a, b) => a * b)(x, constant)),
  row(
    'clip',
    { xMin: -1, xMax: 0.5 },
    [[3, 7]],
    unary((x) => Math.min(Math.max(x, -1), 0.5)),
  ),
  row(
    'where',
    { condition: [true, false, true] },
    [
      [2, 3],
      [2, 3],
    ],
    (a, b) => build([2, 3], ([i, j]) => (j === 1 ? at(b!, [i!, j!]) : at(a!, [i!, j!]))),
  ),
];

const FOLDED: readonly LayerRow[] = [
  row('sum', { axis: [1, 2], keepDims: true }, [[2, 3, 4, 5]], (x) => reduce(sumOf, x, [1, 2], true), {
    terms: 12,
  }),
  ...Object.entries(FOLDS).map(([op, fold]) =>
    row(op, { axis: -1 }, [[3, 7]], (x) => reduce(fold, x, -1), {
      terms: 7,
      ...(op === 'logsumexp' ? both : {}),
    }),
  ),
  row('std', { axis: 1 }, [[3, 7]], (x) => unary(Math.sqrt)(reduce(FOLDS.var!, x, 1)), { terms: 7 }),
  row('norm', { ord: 1, axis: 1 }, [[3, 7]], (x) => reduce((values) => sumOf(values.map(Math.abs)), x, 1), {
    terms: 7,
  }),
  row(
    'l2Normalize',
    { axis: -1 },
    [[3, 7]],
    (x) => binary((a, b) => a / b)(x, reduce(FOLDS.norm!, x, 1, true)),
    { terms: 7, ...both },
  ),
  row(
    'cumsum',
    { axis: 1 },
    [[2, 5]],
    (x) => build([2, 5], ([i, j]) => sumOf(Array.from({ length: j! + 1 }, (_, k) => at(x, [i!, k])))),
    { terms: 5 },
  ),
  row(
    'matmul',
    {},
    [
      [2, 3, 4],
      [2, 4, 5],
    ],
    product(4),
    { terms: 4 },
  ),
  row(
    'matmul',
    { transposeB: true },
    [
      [2, 3, 4],
      [2, 5, 4],
    ],
    (a, b) => product(4)(a!, transpose(b!, [0, 2, 1])),
    { terms: 4 },
  ),
  row(
    'einsum',
    { subscripts: 'bij,bkj->bik' },
    [
      [2, 3, 4],
      [2, 5, 4],
    ],
    (a, b) => product(4)(a!, transpose(b!, [0, 2, 1])),
    { terms: 4 },
  ),
];

function product(inner: number): LayerRow['reference'] {
  return (a, b) =>
    build([a!.shape[0]!, a!.shape[1]!, b!.shape[2]!], ([n, i, j]) =>
      sumOf(Array.from({ length: inner }, (_, k) => at(a!, [n!, i!, k]) * at(b!, [n!, k, j!]))),
    );
}

const whole = [undefined, undefined, 1] as const;
const all = { start: null, stop: null, step: null };

/** Pixel (i, j) of a block of 2 x 2 lies in channels 2 (2 i + j) and the next. */
const toSpace = (x: Plain) =>
  build([2, 8, 12, 2], ([n, i, j, c]) =>
    at(x, [n!, Math.floor(i! / 2), Math.floor(j! / 2), 4 * (i! % 2) + 2 * (j! % 2) + c!]),
  );
const toDepth = (x: Plain) =>
  build([2, 2, 3, 32], ([n, i, j, c]) => {
    const place = Math.floor(c! / 8);
    return at(x, [n!, 2 * i! + Math.floor(place / 2), 2 * j! + (place % 2), c! % 8]);
  });

const MOVED: readonly LayerRow[] = [
  row('getItem', { key: [all, 0] }, [[3, 7, 2]], (x) => reshape(strided(x, [whole, [0, 1, 1]]), [3, 2])),
  row('getItem', { key: [all, -1, { start: 1, stop: null, step: 2 }] }, [[3, 4, 5]], (x) =>
    reshape(strided(x, [whole, [3, 4, 1], [1, undefined, 2]]), [3, 2]),
  ),
  row('getItem', { key: ['...', { start: null, stop: null, step: -1 }] }, [[3, 4, 5]], (x) =>
    strided(x, [whole, whole, [undefined, undefined, -1]]),
  ),
  row('getItem', { key: [all, null, { start: 1, stop: 3, step: null }] }, [[3, 4]], (x) =>
    reshape(strided(x, [whole, [1, 3, 1]]), [3, 1, 2]),
  ),
  row('reshape', { newShape: [null, -1, 4] }, [[3, 2, 6]], (x) => reshape(x, [3, 3, 4])),
  row('reshape', { newShape: [-1, 4, 3] }, [[3, 2, 6]], (x) => reshape(x, [3, 4, 3])),
  row('transpose', { axes: [0, 2, 1] }, [[3, 4, 5]], (x) => transpose(x, [0, 2, 1])),
  row('swapaxes', { axis1: -1, axis2: 1 }, [[3, 4, 5]], (x) => transpose(x, [0, 2, 1])),
  row('expandDims', { axis: -1 }, [[3, 4]], (x) => reshape(x, [3, 4, 1])),
  row('expandDims', { axis: 1 }, [[3, 4]], (x) => reshape(x, [3, 1, 4])),
  row('squeeze', {}, [[3, 1, 4, 1]], (x) => reshape(x, [3, 4])),
  row('squeeze', { axis: 1 }, [[3, 1, 4, 1]], (x) => reshape(x, [3, 4, 1])),
  row('flip', { axis: 1 }, [[2, 3, 4]], (x) => strided(x, [whole, [undefined, undefined, -1]])),
  row('tile', { repeats: [1, 2, 3] }, [[2, 2, 3]], (x) => tile(x, [1, 2, 3])),
  row('repeat', { repeats: 3, axis: 1 }, [[2, 2, 3]], (x) =>
    build([2, 6, 3], ([n, i, c]) => at(x, [n!, Math.floor(i! / 3), c!])),
  ),
  row(
    'pad',
    {
      padWidth: [
        [0, 0],
        [1, 2],
      ],
    },
    [[2, 3]],
    (x) =>
      pad(x, [
        [0, 0],
        [1, 2],
      ]),
  ),
  row(
    'pad',
    {
      padWidth: [
        [0, 0],
        [1, 2],
      ],
      mode: 'reflect',
    },
    [[2, 3]],
    (x) =>
      mirrorPad(
        x,
        [
          [0, 0],
          [1, 2],
        ],
        'reflect',
      ),
  ),
  row('stack', { axis: 1 }, two, (a, b) => stack([a!, b!], 1)),
  row('stack', { axis: -1 }, two, (a, b) => stack([a!, b!], 3)),
  row('concatenate', { axis: 1 }, two, (a, b) => concat([a!, b!], 1)),
  row('take', { indices: [2, 0], axis: 1 }, [[2, 3, 4]], (x) =>
    build([2, 2, 4], ([n, i, c]) => at(x, [n!, i === 0 ? 2 : 0, c!])),
  ),
  row('depthToSpace', { blockSize: 2 }, [image], toSpace),
  row('spaceToDepth', { blockSize: 2 }, [image], toDepth),
];

export const OPERATIONS: readonly LayerRow[] = [...ELEMENTWISE, ...FOLDED, ...MOVED];
