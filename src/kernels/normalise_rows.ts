/** Launches `normalise_rows.wgsl` and its gradients: layer and root-mean-square normalisation of the rows of a matrix. */
import { normalise_rows, normalise_rows_gradient } from '../generated/shaders.ts';
import { columnProducts } from './column_products.ts';
import { elementOf, type Operand, readForm, unusedStorage } from './operand.ts';
import { rowGrid } from './row_lanes.ts';
import { inQuads } from './whole-quads.ts';

export interface RowNormalisation {
  readonly rows: number;
  readonly columns: number;
  readonly epsilon: number;
  /** False: the mean is taken for 0. */
  readonly centred: boolean;
}

/** Statistics of each row, float32. */
export interface RowStatistics {
  readonly mean: Operand;
  readonly inverse: Operand;
}

/** `gamma` and `beta` hold float32 for each column. */
export function normaliseRowsKernel(
  x: Operand,
  weights: { readonly gamma: Operand | undefined; readonly beta: Operand | undefined },
  y: Operand,
  { mean, inverse }: RowStatistics,
  { rows, columns, epsilon, centred }: RowNormalisation,
): void {
  const { engine } = x;
  const { gamma, beta } = weights;
  const { whole: WHOLE, ...grid } = rowGrid(rows, columns);
  inQuads([x], y, columns, ([x4], y4) =>
    engine.run(normalise_rows, {
      types: { In4: readForm(x), Out4: elementOf(y), Acc: 'f32' },
      ...grid,
      overrides: { WHOLE, CENTRED: centred, GAMMA: gamma !== undefined, BETA: beta !== undefined },
      bindings: {
        ...{ x: x4.storage, y: y4.storage, mean: mean.storage, inverse: inverse.storage },
        gamma: gamma?.storage ?? unusedStorage(engine, 0),
        beta: beta?.storage ?? unusedStorage(engine, 1),
      },
      params: { rows, columns, epsilon },
    }),
  );
}

/** Gradients by x, and by gamma and beta in float32; those that are left out are not computed. */
export function normaliseRowsGradientKernel(
  inputs: { readonly g: Operand; readonly x: Operand; readonly gamma: Operand | undefined } & RowStatistics,
  outputs: {
    readonly dx: Operand | undefined;
    readonly weights: { readonly gamma: Operand; readonly beta: Operand } | undefined;
  },
  { rows, columns, centred }: RowNormalisation,
): void {
  const { g, x, gamma, mean, inverse } = inputs;
  const { engine } = x;
  if (outputs.dx) {
    const { dx } = outputs;
    const { whole: WHOLE, ...grid } = rowGrid(rows, columns);
    inQuads([g, x], dx, columns, ([g4, x4], dx4) =>
      engine.run(normalise_rows_gradient, {
        types: { In4: readForm(x), Out4: elementOf(dx), Acc: 'f32' },
        ...grid,
        overrides: { WHOLE, CENTRED: centred, GAMMA: gamma !== undefined },
        bindings: {
          ...{ g: g4.storage, x: x4.storage, mean: mean.storage, inverse: inverse.storage, dx: dx4.storage },
          gamma: gamma?.storage ?? unusedStorage(engine),
        },
        params: { rows, columns },
      }),
    );
  }
  if (outputs.weights) {
    const { gamma: products, beta: sums } = outputs.weights;
    const shape = { outer: 1, reduced: rows, columns, tied: 1 };
    columnProducts({ g, x, mean, inverse }, { sums, products }, shape);
  }
}
