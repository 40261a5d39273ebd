/**
 * Convolutions as products: of patches, which the GEMM kernels read from the image itself (implicit GEMM), with the filter
 * (forward), with the upstream gradient (by the filter), and of the upstream gradient with the filter (by the image).
 */
import { sizeOf } from '../values/shape.ts';
import { turned, type Window } from '../values/window.ts';
import type { ShapedOperand } from './binary.ts';
import type { ConvolutionKernels } from './convolution.ts';
import { copyRowsKernel } from './copy_rows.ts';
import { foldKernel } from './fold.ts';
import { gemm } from './gemm/gemm.ts';
import type { Patches } from './gemm/problem.ts';
import { bytesOf, type Operand } from './operand.ts';
import { stridedCopyKernel } from './strided_copy.ts';
import { scratch, wholeQuads, withWholeQuads } from './whole-quads.ts';

/** Below so many columns a tile of a product is mostly empty; of whole patches there are more. */
const FEW_CHANNELS = 16;
/** Most bytes of products for whole patches that are held at a time, where the strides are not 1. */
const COLUMNS_BYTES = 2 ** 25;

/**
 * Images (batch, height, width, channels), filters (down, across, channels, filters), each with an axis of groups before where
 * there are several. Patches are read in quads of channels: where these are not whole, from padded copies.
 */
export const convolution: ConvolutionKernels = {
  forward(x, filter, y, window, epilogue) {
    const { groups, taps, channels, filters, ...own } = sizesOf(x, filter, window);
    const sizes = { m: own.images * own.positions, n: filters, batch: groups };
    if (readsRows(window)) {
      gemm({ a: x, b: filter, c: y, ...epilogue, ...sizes, k: channels });
      return;
    }
    const x4 = withWholeQuads(x, x.size / channels, channels, 'conv2d');
    const filter4 = withWholeTaps(filter, groups * taps, channels, filters);
    const patches = { window, images: own.images, channels: wholeQuads(channels) };
    gemm({ a: x4, b: filter4, c: y, ...epilogue, ...sizes, k: taps * patches.channels, patches });
    releaseCopies([x4, x], [filter4, filter]);
  },

  byFilter(x, upstream, dFilter, window) {
    const { groups, taps, channels, filters, ...own } = sizesOf(x, dFilter, window);
    const sizes = { k: own.images * own.positions, n: filters, batch: groups, transposeA: true };
    if (readsRows(window)) {
      gemm({ a: x, b: upstream, c: dFilter, ...sizes, m: channels });
      return;
    }
    const x4 = withWholeQuads(x, x.size / channels, channels, 'conv2d');
    const patches = { window, images: own.images, channels: wholeQuads(channels) };
    const whole = patches.channels === channels;
    const result = whole ? dFilter : scratch(dFilter, groups * taps * patches.channels * filters, 'conv2d');
    gemm({ a: x4, b: upstream, c: result, ...sizes, m: taps * patches.channels, patches });
    if (!whole)
      copyRowsKernel(result, dFilter, groups * taps, patches.channels * filters, channels * filters);
    releaseCopies([x4, x], [result, dFilter]);
  },

  byImage(upstream, filter, dx, window) {
    const { groups, images, channels, filters, positions } = sizesOf(dx, filter, window);
    if (readsRows(window)) {
      const sizes = { m: images * positions, k: filters, n: channels, batch: groups };
      gemm({ a: upstream, b: filter, c: dx, transposeB: true, ...sizes });
    } else if (window.strides.every((stride) => stride === 1) && channels >= FEW_CHANNELS) {
      byPatches(upstream, filter, dx, window);
    } else {
      byFolding(upstream, filter, dx, window);
    }
  },
};

function sizesOf(image: ShapedOperand, filter: ShapedOperand, window: Window) {
  const [images, groups = 1] = image.shape.slice(0, -3).reverse() as [number, number?];
  const [channels, filters] = filter.shape.slice(-2) as [number, number];
  return {
    ...{ groups, images, channels, filters },
    taps: sizeOf(window.filter),
    positions: sizeOf(window.positions),
  };
}

/** Whether each patch is one pixel, and all of them in turn: the images are the matrix of their patches. */
function readsRows({ image, filter, strides, before, positions }: Window): boolean {
  return (
    [...filter, ...strides].every((size) => size === 1) &&
    [0, 1].every((axis) => before[axis] === 0 && positions[axis] === image[axis])
  );
}

/** Filters whose channels are filled up to whole quads with zeros; `taps` counts those of all groups. */
function withWholeTaps(filter: Operand, taps: number, channels: number, filters: number): Operand {
  const whole = wholeQuads(channels);
  if (whole === channels) return filter;
  const copy = scratch(filter, taps * whole * filters, 'conv2d');
  copyRowsKernel(filter, copy, taps, channels * filters, whole * filters);
  return copy;
}

function releaseCopies(...pairs: readonly (readonly [copy: Operand, own: Operand])[]): void {
  for (const [copy, own] of pairs) if (copy !== own) own.engine.release(copy.storage);
}

/** With strides of 1 the gradient is a convolution itself: of the upstream gradient, by the filter turned round. */
function byPatches(upstream: ShapedOperand, filter: ShapedOperand, dx: ShapedOperand, window: Window): void {
  const { groups, images, channels, filters, taps } = sizesOf(dx, filter, window);
  const [down, across] = window.filter;
  const backwards = scratch(filter, filter.size, 'conv2d');
  // (groups, down, across, filters, channels), read backwards down and across.
  const tap = channels * filters;
  stridedCopyKernel(
    filter,
    backwards,
    [groups, down, across, filters, channels],
    [taps * tap, -across * tap, -tap, 1, filters],
    (taps - 1) * tap,
  );
  const backwards4 = withWholeTaps(backwards, groups * taps, filters, channels);
  const upstream4 = withWholeQuads(upstream, upstream.size / filters, filters, 'conv2d');
  const patches = { window: turned(window), images, channels: wholeQuads(filters) };
  gemm({
    ...{ a: upstream4, b: backwards4, c: dx, batch: groups, patches },
    ...{ m: images * sizeOf(window.image), k: taps * patches.channels, n: channels },
  });
  releaseCopies([upstream4, upstream], [backwards4, backwards]);
  filter.engine.release(backwards.storage);
}

/**
 * With larger strides most of such patches would be the zeros between, and few channels would fill no tile: here the product comes first, exactly as many
 * multiplications as forward, and its rows, each a patch of the result, are then added up where they overlap. A few images
 * at a time, so that memory stays bounded.
 */
function byFolding(upstream: ShapedOperand, filter: ShapedOperand, dx: ShapedOperand, window: Window): void {
  const { engine } = dx;
  const { groups, taps, positions, ...own } = sizesOf(dx, filter, window);
  const [channels, filters] = [wholeQuads(own.channels), wholeQuads(own.filters)];
  const images = groups * own.images;
  const pixels = images * sizeOf(window.image);
  const taps4 = withWholeTaps(filter, groups * taps, own.channels, own.filters);
  const filter4 = withWholeQuads(taps4, groups * taps * channels, own.filters, 'conv2d');
  const upstream4 = withWholeQuads(upstream, images * positions, own.filters, 'conv2d');
  const result = channels === own.channels ? dx : scratch(dx, pixels * channels, 'conv2d');

  const perImage = positions * taps * channels;
  // Filters of several groups belong to images of their own: these are taken at once.
  const most = groups > 1 ? images : Math.max(1, Math.floor(COLUMNS_BYTES / bytesOf('float32', perImage)));
  for (let first = 0; first < images; first += most) {
    const count = Math.min(most, images - first);
    const columns = scratch({ engine, dtype: 'float32' }, count * perImage, 'conv2d');
    gemm({
      ...{ a: upstream4, b: filter4, c: columns, transposeB: true, batch: groups },
      ...{ m: (count / groups) * positions, k: filters, n: taps * channels },
      patches: count < images ? rowsFrom(first * positions, count * positions, filters) : undefined,
    });
    foldKernel(columns, result, { window, images: count, channels }, first);
    engine.release(columns.storage);
  }
  if (result !== dx) copyRowsKernel(result, dx, pixels, channels, own.channels);
  releaseCopies([filter4, taps4], [taps4, filter], [upstream4, upstream], [result, dx]);
}

/** Some rows of a matrix, as patches of one pixel from an image that has one in each line. */
function rowsFrom(first: number, count: number, columns: number): Patches {
  const window: Window = {
    ...{ image: [first + count, 1], filter: [1, 1], strides: [1, 1], dilations: [1, 1] },
    ...{ before: [-first, 0], positions: [count, 1] },
  };
  return { window, images: 1, channels: columns };
}
