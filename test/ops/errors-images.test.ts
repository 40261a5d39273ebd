// Tests of bad input to convolutions, pooling and resizing: refused before any GPU work, in words that help.
import * as ht from '../../src/node.ts';
import { suite } from '../harness.ts';
import { any, refuses, t } from './bad-input.ts';

const { ShapeError, DtypeError, ArgumentError } = ht;

/** An image of 2 x 3 pixels with 4 channels, and filters of one pixel. */
const filter = () => ht.reshape(t.m45!, [1, 1, 4, 5]);

refuses(suite('bad input to ops on images'), {
  conv2d: [
    [
      () => ht.conv2d(t.m23!, filter()),
      ShapeError,
      /^conv2d: x is \(2, 3\); use \(batch, height, width, channels\), or \(height, width, channels\)$/,
    ],
    [
      () => ht.conv2d(t.cube!, t.m45!),
      ShapeError,
      /^conv2d: filter is \(4, 5\); use \(height, width, channels, filters\)$/,
    ],
    [
      () => ht.conv2d(t.cube!, ht.reshape(t.m45!, [1, 2, 2, 5])),
      ShapeError,
      /^conv2d: channels differ: x is \(1, 2, 3, 4\), filter is \(1, 2, 2, 5\); use a filter \(height, width, 4, filters\)$/,
    ],
    [
      () => ht.conv2d(ht.reshape(t.m23!, [1, 2, 3]), ht.reshape(t.halfMatrix!, [1, 1, 3, 2])),
      DtypeError,
      /^conv2d: dtypes differ: x is float32, filter is float16; cast one$/,
    ],
    [() => ht.conv2d(ht.reshape(t.ints!, [1, 1, 3]), filter()), DtypeError, /^conv2d: x is int32; use/],
    [
      () => ht.conv2d(t.cube!, ht.reshape(t.m45!, [5, 1, 4, 1])),
      ShapeError,
      /^conv2d: a window of \(5, 1\) does not fit an image of \(2, 3\) with \(0, 0\) before and \(0, 0\) after it$/,
    ],
    [
      () => ht.conv2d(t.cube!, ht.reshape(t.m45!, [1, 5, 4, 1]), 1, 'valid', { dilations: 2 }),
      ShapeError,
      /^conv2d: a window of \(1, 9\) does not fit/,
    ],
    [
      () => ht.conv2d(t.cube!, filter(), 0),
      ArgumentError,
      /^conv2d: strides 0; use a whole number above 0, or \[down, across\] of them$/,
    ],
    [() => ht.conv2d(t.cube!, filter(), any([1, 2, 1])), ArgumentError, /^conv2d: strides \[1, 2, 1\]; use/],
    [
      () => ht.conv2d(t.cube!, filter(), 1, 'valid', { dilations: 1.5 }),
      ArgumentError,
      /^conv2d: dilations 1\.5; use/,
    ],
    [
      () => ht.conv2d(t.cube!, filter(), 1, any('full')),
      ArgumentError,
      /^conv2d: pad 'full'; use 'same' or 'valid', a whole number, or \[\[0, 0\], \[top, bottom\], \[left, right\], \[0, 0\]\]$/,
    ],
    [() => ht.conv2d(t.cube!, filter(), 1, -1), ArgumentError, /^conv2d: pad -1; use/],
    [
      () =>
        ht.conv2d(
          t.cube!,
          filter(),
          1,
          any([
            [1, 0],
            [0, 0],
            [0, 0],
            [0, 0],
          ]),
        ),
      ArgumentError,
      /^conv2d: pad \[\[1, 0\]/,
    ],
    [
      () => ht.conv2d(t.cube!, filter(), 1, 'same', { groups: 2 }),
      ArgumentError,
      /^conv2d: groups 2 for 4 channels and 5 filters; use a whole number that divides both$/,
    ],
    [
      () => ht.conv2d(t.cube!, filter(), 1, 'same', { bias: t.v4! }),
      ShapeError,
      /^conv2d: bias is \(4\); use \(5\)$/,
    ],
    [
      () => ht.conv2d(t.cube!, filter(), 1, 'same', { activation: any('gelu') }),
      ArgumentError,
      /^conv2d: unknown activation 'gelu'; use 'linear', 'relu', 'sigmoid', 'tanh' or 'relu6'$/,
    ],
    [
      () => ht.conv2d(t.cube!, filter(), 1, 'same', { dtype: any('int32') }),
      DtypeError,
      /^conv2d: the result is int32; use/,
    ],
    [
      () => ht.conv2d(t.cube!, filter(), 1, 'same', any({ dilation: 2 })),
      ArgumentError,
      /^conv2d: unknown option 'dilation'; use 'dilations'/,
    ],
  ],
  conv1d: [
    [
      () => ht.conv1d(t.v3!, t.cube!),
      ShapeError,
      /^conv1d: x is \(3\); use \(batch, width, channels\), or \(width, channels\)$/,
    ],
    [
      () => ht.conv1d(t.cube!, t.m45!),
      ShapeError,
      /^conv1d: filter is \(4, 5\); use \(width, channels, filters\)$/,
    ],
    [
      () => ht.conv1d(t.cube!, t.cube!, any([1, 1])),
      ArgumentError,
      /^conv1d: stride \[1, 1\]; use a whole number above 0$/,
    ],
    [
      () => ht.conv1d(t.cube!, t.cube!, 1, any([1, -1])),
      ArgumentError,
      /^conv1d: pad \[1, -1\]; use 'same', 'valid', a whole number, or \[before, after\]$/,
    ],
  ],
  conv2dTranspose: [
    [
      () => ht.conv2dTranspose(t.cube!, filter(), [2, 3, 4]),
      ShapeError,
      /^conv2dTranspose: filters differ: x is \(1, 2, 3, 4\), filter is \(1, 1, 4, 5\); use a filter \(height, width, channels, 4\)$/,
    ],
    [
      () => ht.conv2dTranspose(t.cube!, ht.reshape(t.m45!, [1, 1, 5, 4]), [2, 3, 4]),
      ShapeError,
      /^conv2dTranspose: outputShape \(2, 3, 4\); use \(1, height, width, 5\)$/,
    ],
    [
      () => ht.conv2dTranspose(t.cube!, ht.reshape(t.m45!, [1, 1, 5, 4]), [7, 6, 5], 2),
      ShapeError,
      /^conv2dTranspose: a convolution makes \(4, 3\) positions of outputShape \(7, 6, 5\), x is \(1, 2, 3, 4\); use/,
    ],
  ],
  depthwiseConv2d: [
    [
      () => ht.depthwiseConv2d(t.cube!, ht.reshape(t.m45!, [1, 2, 5, 2])),
      ShapeError,
      /^depthwiseConv2d: channels differ: x is \(1, 2, 3, 4\), filter is \(1, 2, 5, 2\); use a filter \(height, width, 4, multiplier\)$/,
    ],
    [
      () => ht.depthwiseConv2d(t.cube!, filter(), 1, 'same', { bias: t.v4! }),
      ShapeError,
      /^depthwiseConv2d: bias is \(4\); use \(20\)$/,
    ],
  ],
  pooling: [
    [
      () => ht.maxPool(t.cube!, 0),
      ArgumentError,
      /^maxPool: filterSize 0; use a whole number above 0, or \[down, across\] of them$/,
    ],
    [
      () => ht.maxPool(t.cube!, 3),
      ShapeError,
      /^maxPool: a window of \(3, 3\) does not fit an image of \(2, 3\)/,
    ],
    [
      () => ht.avgPool(t.cube!, 2, 1, 2),
      ArgumentError,
      /^avgPool: pad 2 leaves windows of \[2, 2\] without any of the image; use less than the window$/,
    ],
    [() => ht.avgPool(ht.reshape(t.ints!, [1, 1, 3]), 1), DtypeError, /^avgPool: x is int32; use/],
    [() => ht.globalMaxPool(t.m23!), ShapeError, /^globalMaxPool: x is \(2, 3\); use/],
  ],
  resizing: [
    [
      () => ht.resizeBilinear(t.cube!, [4, 4], true, true),
      ArgumentError,
      /^resizeBilinear: alignCorners true and halfPixelCenters true; use one of them at most$/,
    ],
    [
      () => ht.resizeNearestNeighbor(t.cube!, [0, 4]),
      ArgumentError,
      /^resizeNearestNeighbor: size \[0, 4\]; use/,
    ],
    [
      () => ht.resizeNearestNeighbor(t.cube!, [4, 20000]),
      ArgumentError,
      /^resizeNearestNeighbor: images of \[2, 3\] to size \[4, 20000\]; use 16384 at most$/,
    ],
    [() => ht.resizeBilinear(t.v3!, [4, 4]), ShapeError, /^resizeBilinear: x is \(3\); use/],
  ],
});
