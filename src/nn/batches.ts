/** The arrays of a training, inputs, labels and weights side by side, cut into batches together. */
import type { Tensor } from '../autograd/tensor.ts';
import type { Engine } from '../gpu/engine.ts';
import type { DType } from '../values/dtype.ts';
import { ArgumentError, ShapeError } from '../values/errors.ts';
import { type Shape, showShape } from '../values/shape.ts';
import type { Target } from './compile.ts';
import { Dataset } from './data.ts';
import { readSamples, readWeights, type SamplesBy } from './samples.ts';

/** One batch; null where an output has no labels, or its samples no weights. */
export interface Batch {
  readonly inputs: Tensor[];
  readonly labels: (Tensor | null)[];
  readonly weights: (Tensor | null)[];
}

type Columns = readonly (Dataset | undefined)[];

export class Batches {
  readonly inputs: readonly Dataset[];
  readonly labels: Columns;
  readonly weights: Columns;
  /** Number of samples. */
  readonly count: number;

  /** Throws `ShapeError` unless all have as many samples. */
  constructor(where: string, inputs: readonly Dataset[], labels: Columns, weights: Columns) {
    this.inputs = inputs;
    this.labels = labels;
    this.weights = weights;
    this.count = inputs[0]!.count;
    const short = ({ name }: Dataset) => name.slice(where.length + 2);
    for (const other of [...inputs, ...labels, ...weights]) {
      if (other === undefined || other.count === this.count) continue;
      throw new ShapeError(
        `${where}: ${short(inputs[0]!)} has ${this.count} samples, ${short(other)} has ${other.count}; use as many of both`,
      );
    }
  }

  /** The samples named by `order[from .. to - 1]`. */
  batch(engine: Engine, order: Uint32Array, from: number, to: number): Batch {
    const cut = (column: Dataset | undefined) => column?.batch(engine, order, from, to) ?? null;
    return {
      inputs: this.inputs.map((column) => column.batch(engine, order, from, to)),
      labels: this.labels.map(cut),
      weights: this.weights.map(cut),
    };
  }

  /** What to train on, and the share from the end that is held back, as Keras rounds. Throws `ArgumentError`. */
  splitOff(share: number): [Batches, Batches] {
    const kept = Math.floor(this.count * (1 - share));
    if (kept === 0) {
      throw new ArgumentError(
        `fit: validationSplit ${share} of ${this.count} samples leaves none to train on; use a smaller one`,
      );
    }
    const part = (side: 0 | 1) => {
      const cut = (column: Dataset | undefined) => column?.split(this.count - kept)[side];
      return new Batches(
        'fit',
        this.inputs.map(cut) as Dataset[],
        this.labels.map(cut),
        this.weights.map(cut),
      );
    };
    return [part(0), part(1)];
  }
}

export function disposeBatch({ inputs, labels, weights }: Batch): void {
  for (const tensor of [...inputs, ...labels, ...weights]) tensor?.dispose();
}

/** What a model knows of one input before it sees data. */
export interface InputSpec {
  readonly name: string;
  /** Shape of one sample. */
  readonly sample: Shape | undefined;
  /** Default: as the data come. */
  readonly dtype: DType | undefined;
}

/** What `fit` and `evaluate` are given. */
export interface Given {
  readonly x: SamplesBy;
  readonly y: SamplesBy;
  readonly sampleWeight?: SamplesBy | undefined;
  readonly classWeight?: Readonly<Record<number, number>> | undefined;
}

export async function readInputs(
  where: string,
  specs: readonly InputSpec[],
  x: SamplesBy,
): Promise<Dataset[]> {
  const inputs = await readSamples(
    `${where}: x`,
    x,
    specs.map(({ name }) => name),
  );
  return inputs.map((input, index) => {
    const { name, dtype } = specs[index]!;
    if (!input) throw new ArgumentError(`${where}: x '${name}' is null; give samples for each input`);
    return dtype ? input.as(dtype) : input;
  });
}

/** Reads and checks everything before any GPU work. Throws `ShapeError`, `DataError`, `ArgumentError`. */
export async function readBatches(
  where: string,
  { inputs: specs, targets }: { readonly inputs: readonly InputSpec[]; readonly targets: readonly Target[] },
  { x, y, sampleWeight, classWeight }: Given,
  outputShapes: (samples: readonly Shape[]) => readonly Shape[],
): Promise<Batches> {
  const names = targets.map(({ name }) => name);
  const inputs = await readInputs(where, specs, x);
  const labels = await readSamples(`${where}: y`, y, names);
  const given =
    sampleWeight === undefined ? names.map(() => undefined) : await readWeights(where, sampleWeight, names);
  new Batches(where, inputs, labels, given);
  const shapes = outputShapes(inputs.map(({ shape }) => shape.slice(1)));
  for (const column of [...inputs, ...labels, ...given]) column?.requireFinite();
  for (const [index, { name, loss, metrics }] of targets.entries()) {
    const label = labels[index];
    if (label) loss?.checkLabels(where, label, shapes[index]!);
    else if (loss || metrics.length > 0)
      throw new ArgumentError(
        `${where}: y '${name}' is null; give labels for each output with a loss or metrics`,
      );
  }
  const weights = classWeight ? [weighted(where, given, labels, classWeight)] : given;
  for (const [index, column] of weights.entries())
    if (column) checkWeights(column, targets[index]!, [inputs[0]!.count, ...shapes[index]!.slice(0, -1)]);
  return new Batches(where, inputs, labels, weights);
}

/** Weights of samples by their classes, times those that are given. */
function weighted(
  where: string,
  [given]: Columns,
  [labels, ...others]: Columns,
  table: Readonly<Record<number, number>>,
): Dataset {
  if (others.length > 0 || !labels)
    throw new ArgumentError(`${where}: classWeight for several outputs; use sampleWeight`);
  const { count, values } = labels;
  const stride = values.length / count;
  const own = Float32Array.from({ length: count }, (_, sample) => {
    const row = values.subarray(sample * stride, (sample + 1) * stride);
    const label = stride === 1 ? row[0]! : row.indexOf(Math.max(...row));
    return (table[label] ?? 1) * (given ? given.values[sample]! : 1);
  });
  if (given && given.values.length !== count)
    throw new ShapeError(
      `${where}: sampleWeight is ${showShape(given.shape)}; with classWeight use one weight a sample`,
    );
  return Dataset.of(`${where}: classWeight`, own, [count]);
}

function checkWeights({ name, shape }: Dataset, { loss }: Target, samples: Shape): void {
  if (loss && !loss.weighted) {
    throw new ArgumentError(
      `${name}: the loss '${loss.name}' returns one number for a batch and takes no weights; use one of ht.losses`,
    );
  }
  if (shape.length <= samples.length && shape.every((size, axis) => size === samples[axis])) return;
  throw new ShapeError(
    `${name} is ${showShape(shape)}, samples ${showShape(samples)}; use one weight a sample`,
  );
}
