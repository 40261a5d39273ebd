/** Launches `column_products.wgsl`: the sums down columns that the gradients of a normalisation are made of. */
import { column_products } from '../generated/shaders.ts';
import { linearGrid } from '../gpu/shader.ts';
import { type ColumnShape, partialResults, partsOf } from './columns.ts';
import { type Operand, quads, readForm } from './operand.ts';
import { reduceKernel } from './reduce.ts';
import { withWholeQuads } from './whole-quads.ts';

/** What was normalised, its upstream gradient, and the statistics: of each row, or of tied columns. */
export type Normalised = { readonly g: Operand; readonly x: Operand; readonly mean: Operand } & (
  | { readonly inverse: Operand }
  | { readonly variance: Operand; readonly epsilon: number }
);

interface Products {
  /** Sums of g. */
  readonly sums: Operand;
  /** Sums of g n, n what x was normalised to. */
  readonly products: Operand;
}

/** Of one matrix: a sum, and a product, for each column, float32. */
export function columnProducts(of: Normalised, { sums, products }: Products, shape: ColumnShape): void {
  const { parts, chunk } = partsOf(shape);
  const inner = quads(shape.columns) * 4;
  // Memory ends in whole quads: the results have room for those of the padding.
  if (parts === 1) {
    columnProductsKernel(of, { sums, products }, shape, { parts, chunk });
    return;
  }
  const partial = partialResults(of.x, shape, parts, 'normalise');
  columnProductsKernel(of, { sums: partial[0], products: partial[1] }, shape, { parts, chunk });
  for (const [from, to] of [
    [partial[0], sums],
    [partial[1], products],
  ] as const) {
    reduceKernel('SUM', from, { ...operand(to), size: inner }, { outer: 1, reduced: parts, inner });
    from.engine.release(from.storage);
  }
}

/** `products` and `sums` have room for (outer, parts, columns), columns in whole quads. */
export function columnProductsKernel(
  of: Normalised,
  { sums, products }: Products,
  { outer, reduced, columns, tied }: ColumnShape,
  { parts, chunk }: { parts: number; chunk: number },
): void {
  const { g, x, mean } = of;
  const { engine } = x;
  const [inverse, epsilon] = 'inverse' in of ? [of.inverse, 0] : [of.variance, of.epsilon];
  const [g4, x4] = [g, x].map((matrix) => withWholeQuads(matrix, outer * reduced, columns, 'normalise'));
  engine.run(column_products, {
    types: { In4: readForm(x), Acc: 'f32' },
    overrides: { OF_ROWS: 'inverse' in of },
    bindings: {
      ...{ g: g4!.storage, x: x4!.storage, mean: mean.storage, variance: inverse.storage },
      ...{ sums: sums.storage, products: products.storage },
    },
    params: { outer, reduced, columns, tied, parts, chunk, epsilon },
    workgroups: linearGrid(outer * parts * quads(columns), 64),
  });
  if (g4 !== g) engine.release(g4!.storage);
  if (x4 !== x) engine.release(x4!.storage);
}

function operand({ engine, storage, dtype, size }: Operand): Operand {
  return { engine, storage, dtype, size };
}
