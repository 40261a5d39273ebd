/** Launches `column_moments.wgsl`, `normalise_columns.wgsl` and its gradients: batch and group normalisation of (outer, reduced, columns). */
import { column_moments, merge_moments, normalise_columns, tie_products } from '../generated/shaders.ts';
import { linearGrid } from '../gpu/shader.ts';
import { columnProductsKernel } from './column_products.ts';
import { type ColumnShape, partialResults, partsOf } from './columns.ts';
import { elementOf, type Operand, quads, readForm, unusedStorage } from './operand.ts';
import { reduceKernel } from './reduce.ts';
import { inQuads, scratch, withWholeQuads } from './whole-quads.ts';

/** Mean and biased variance, float32, of tied columns: (outer, columns / tied). */
export interface ColumnStatistics {
  readonly mean: Operand;
  readonly variance: Operand;
}

export function columnMomentsKernel(x: Operand, to: ColumnStatistics, shape: ColumnShape): void {
  const { engine } = x;
  const { outer, reduced, columns, tied } = shape;
  const { parts, chunk } = partsOf(shape);
  const [means, spreads] = partialResults(x, shape, parts, 'moments');
  const x4 = withWholeQuads(x, outer * reduced, columns, 'moments');
  const across = quads(columns);
  engine.run(column_moments, {
    types: { In4: readForm(x), Acc: 'f32' },
    bindings: { x: x4.storage, means: means.storage, spreads: spreads.storage },
    params: { outer, reduced, quads: across, parts, chunk },
    workgroups: linearGrid(outer * parts * across, 64),
  });
  const groups = columns / tied;
  const size = outer * groups;
  engine.run(merge_moments, {
    types: {},
    bindings: {
      ...{ means: means.storage, spreads: spreads.storage },
      ...{ mean: to.mean.storage, variance: to.variance.storage },
    },
    params: { size, groups, tied, quads: across, reduced, parts, chunk },
    workgroups: linearGrid(size, 64),
  });
  if (x4 !== x) engine.release(x4.storage);
  for (const { storage } of [means, spreads]) engine.release(storage);
}

export interface ColumnWeights {
  readonly gamma: Operand | undefined;
  readonly beta: Operand | undefined;
}

/** `(x - mean) / sqrt(variance + epsilon) gamma + beta`; what is undefined is left out. Gamma and beta are (columns), float32. */
export function normaliseColumnsKernel(
  x: Operand,
  { mean, variance }: { readonly mean: Operand | undefined; readonly variance: Operand },
  { gamma, beta }: ColumnWeights,
  y: Operand,
  { epsilon, ...shape }: ColumnShape & { epsilon: number },
): void {
  const { engine } = x;
  inQuads([x], y, shape.columns, ([x4], y4) =>
    engine.run(normalise_columns, {
      types: { In4: readForm(x), Out4: elementOf(y), Acc: 'f32' },
      overrides: {
        CENTRED: mean !== undefined,
        ...{ GAMMA: gamma !== undefined, BETA: beta !== undefined, GRADIENT: false },
      },
      bindings: {
        ...{ x: x4.storage, y: y4.storage, variance: variance.storage },
        mean: mean?.storage ?? unusedStorage(engine, 0),
        gamma: gamma?.storage ?? unusedStorage(engine, 1),
        beta: beta?.storage ?? unusedStorage(engine, 2),
        ...{ input: unusedStorage(engine, 3), means: unusedStorage(engine, 4) },
      },
      params: { ...shape, epsilon },
      workgroups: stripGrid(shape),
    }),
  );
}

/** Gradients of a normalisation by statistics of x itself: by x, and by gamma and beta in float32. */
export function normaliseColumnsGradientKernel(
  {
    g,
    x,
    gamma,
    mean,
    variance,
  }: {
    readonly g: Operand;
    readonly x: Operand;
    readonly gamma: Operand | undefined;
  } & ColumnStatistics,
  to: { readonly dx: Operand; readonly gamma: Operand; readonly beta: Operand },
  { epsilon, ...shape }: ColumnShape & { epsilon: number },
): void {
  const { engine } = x;
  const { outer, columns, tied, reduced } = shape;
  const cut = partsOf(shape);
  const [sums, products] = partialResults(x, shape, cut.parts, 'normalise');
  columnProductsKernel({ g, x, mean, variance, epsilon }, { sums, products }, shape, cut);
  const float = { engine, dtype: 'float32' } as const;
  const groups = columns / tied;
  const means = scratch(float, 2 * outer * groups, 'normalise');
  // Of one matrix, the sums of a column are the gradients by gamma and beta.
  const ofMatrices = [to.beta, to.gamma].map((own) =>
    outer === 1 ? own : scratch(float, outer * columns, 'normalise'),
  );
  engine.run(tie_products, {
    types: {},
    overrides: { GAMMA: gamma !== undefined },
    bindings: {
      ...{ partSums: sums.storage, partProducts: products.storage, means: means.storage },
      gamma: gamma?.storage ?? unusedStorage(engine),
      ...{ sums: ofMatrices[0]!.storage, products: ofMatrices[1]!.storage },
    },
    params: { size: outer * groups, groups, tied, quads: quads(columns), reduced, parts: cut.parts },
    workgroups: linearGrid(outer * groups, 64),
  });
  for (const { storage } of [sums, products]) engine.release(storage);
  for (const [index, own] of [to.beta, to.gamma].entries()) {
    if (outer === 1) break;
    reduceKernel('SUM', ofMatrices[index]!, own, { outer: 1, reduced: outer, inner: columns });
    engine.release(ofMatrices[index]!.storage);
  }
  inQuads([g, x], to.dx, columns, ([g4, x4], dx4) =>
    engine.run(normalise_columns, {
      types: { In4: readForm(x), Out4: elementOf(to.dx), Acc: 'f32' },
      overrides: { CENTRED: true, GAMMA: gamma !== undefined, BETA: false, GRADIENT: true },
      bindings: {
        ...{ x: g4.storage, input: x4.storage, y: dx4.storage, means: means.storage },
        ...{ mean: mean.storage, variance: variance.storage },
        gamma: gamma?.storage ?? unusedStorage(engine, 0),
        beta: unusedStorage(engine, 1),
      },
      params: { ...shape, epsilon },
      workgroups: stripGrid(shape),
    }),
  );
  engine.release(means.storage);
}

function stripGrid({ outer, reduced, columns }: ColumnShape) {
  return linearGrid(outer * Math.ceil(reduced / normalise_columns.constants.STRIP) * quads(columns), 64);
}
