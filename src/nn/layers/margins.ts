/** Elements around samples, put there or cut off: ZeroPadding and Cropping of steps, images and volumes. */
import type { Tensor } from '../../autograd/tensor.ts';
import { pad } from '../../ops/pad.ts';
import { slice } from '../../ops/slice.ts';
import { show } from '../../values/dtype.ts';
import { ArgumentError, ShapeError } from '../../values/errors.ts';
import { type Shape, showShape } from '../../values/shape.ts';
import { checkSampleRank } from '../checks.ts';
import { Layer, type LayerOptions } from '../layer.ts';

type Pair = readonly [before: number, after: number];

/** As many on all sides, or before and after. */
export type Margin1D = number | Pair;
/** As many on all sides, above and below and at the sides, or [[top, bottom], [left, right]]. */
export type Margin2D =
  | number
  | readonly [rows: number, columns: number]
  | readonly [rows: Pair, columns: Pair];

/** As many on all sides, for each axis of depth, height and width, or before and after each. */
export type Margin3D = number | readonly [number, number, number] | readonly [Pair, Pair, Pair];

export type PaddingOptions<M> = LayerOptions & { padding?: M };
export type CroppingOptions<M> = LayerOptions & { cropping?: M };

abstract class Margins extends Layer {
  /** Before and after each axis but the batch and the channels. */
  protected readonly margins: readonly Pair[];

  constructor(
    kind: string,
    options: LayerOptions,
    name: 'padding' | 'cropping',
    given: unknown,
    axes: 1 | 2 | 3,
  ) {
    super(kind, options, [name]);
    this.margins = marginsOf(`${this.name}: ${name}`, given, axes);
  }

  protected requireRank(sample: Shape): void {
    checkSampleRank(this.name, sample, this.margins.length);
  }
}

abstract class ZeroPadding extends Margins {
  outputShape(sample: Shape): Shape {
    this.requireRank(sample);
    return sample.map((size, axis) => size + (this.margins[axis]?.[0] ?? 0) + (this.margins[axis]?.[1] ?? 0));
  }

  protected call(x: Tensor): Tensor {
    return pad(x, [[0, 0], ...this.margins, [0, 0]]);
  }
}

abstract class Cropping extends Margins {
  outputShape(sample: Shape): Shape {
    this.requireRank(sample);
    const left = sample.map(
      (size, axis) => size - (this.margins[axis]?.[0] ?? 0) - (this.margins[axis]?.[1] ?? 0),
    );
    if (!left.some((size) => size < 1)) return left;
    throw new ShapeError(
      `${this.name}: samples are ${showShape(sample)}, cropping is ${show(this.margins)}; leave at least one element along each axis`,
    );
  }

  protected call(x: Tensor): Tensor {
    const begin = [0, ...this.margins.map(([before]) => before), 0];
    return slice(x, begin, [x.shape[0]!, ...this.outputShape(x.shape.slice(1))]);
  }
}

export class ZeroPadding1D extends ZeroPadding {
  /** `padding`: default 1. */
  constructor(options: PaddingOptions<Margin1D> = {}) {
    super('zeroPadding1d', options, 'padding', options.padding ?? 1, 1);
  }
}

export class ZeroPadding2D extends ZeroPadding {
  /** `padding`: default 1. */
  constructor(options: PaddingOptions<Margin2D> = {}) {
    super('zeroPadding2d', options, 'padding', options.padding ?? 1, 2);
  }
}

export class ZeroPadding3D extends ZeroPadding {
  /** `padding`: default 1. */
  constructor(options: PaddingOptions<Margin3D> = {}) {
    super('zeroPadding3d', options, 'padding', options.padding ?? 1, 3);
  }
}

export class Cropping1D extends Cropping {
  /** `cropping`: default 1. */
  constructor(options: CroppingOptions<Margin1D> = {}) {
    super('cropping1D', options, 'cropping', options.cropping ?? 1, 1);
  }
}

export class Cropping2D extends Cropping {
  /** `cropping`: default 0. */
  constructor(options: CroppingOptions<Margin2D> = {}) {
    super('cropping2D', options, 'cropping', options.cropping ?? 0, 2);
  }
}

export class Cropping3D extends Cropping {
  /** `cropping`: default 1. */
  constructor(options: CroppingOptions<Margin3D> = {}) {
    super('cropping3D', options, 'cropping', options.cropping ?? 1, 3);
  }
}

function marginsOf(where: string, given: unknown, axes: 1 | 2 | 3): Pair[] {
  const isCount = (value: unknown): value is number => Number.isInteger(value) && (value as number) >= 0;
  const pairOf = (value: unknown): Pair | undefined => {
    const pair: readonly unknown[] = Array.isArray(value) ? value : [value, value];
    return pair.length === 2 && pair.every(isCount) ? (pair as unknown as Pair) : undefined;
  };
  const each = axes === 1 || isCount(given) ? Array<unknown>(axes).fill(given) : given;
  const pairs = Array.isArray(each) && each.length === axes ? each.map(pairOf) : [undefined];
  if (pairs.every((pair) => pair !== undefined)) return pairs;
  const forms = [
    'or [before, after]',
    '[rows, columns] or [[top, bottom], [left, right]]',
    'one for each axis, or [before, after] for each',
  ][axes - 1];
  throw new ArgumentError(`${where} ${show(given)}; use a whole number from 0 on, ${forms}`);
}
