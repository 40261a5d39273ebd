/** Samples for a model: from files, in the form that its input has, or random ones where none are given. */
import { type Command, Option } from 'commander';
import { layerPaths, type Trained } from '../convert/layer-calls.ts';
import type { Channels } from '../convert/pixels.ts';
import { Embedding } from '../nn/layers/embedding.ts';
import { ArgumentError, type LoadedSamples, loadSamples, Model, type Shape } from '../node.ts';
import { isFloat } from '../values/dtype.ts';
import { RandomStream } from '../values/random.ts';
import { isKnown, showShape, sizeOf } from '../values/shape.ts';
import { factor, size, wholeNumber } from './numbers.ts';

export interface SampleFlags {
  size?: [rows: number, columns: number];
  scale?: number;
  offset?: number;
  limit?: number;
}

export function sampleOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--size <rows>x<columns>', "what pictures are resized to; default: the model's").argParser(
        size,
      ),
    )
    .addOption(
      new Option('--scale <number>', 'what samples are multiplied by, such as 1/255').argParser(factor),
    )
    .addOption(new Option('--offset <number>', 'what is added then').argParser(factor))
    .addOption(new Option('--limit <n>', 'no more samples than these').argParser(wholeNumber));
}

/** Rows and columns of sizes that neither the model nor the user tells. */
const SIZE = 64;

type InputSpec = Trained['inputSpecs'][number];

/** The samples at `path`, pictures in the size and channels of the model's input. Throws `ArgumentError` for models of several inputs. */
export async function samplesFor(model: Trained, path: string, flags: SampleFlags): Promise<LoadedSamples> {
  const [input, ...others] = model.inputSpecs;
  if (others.length > 0)
    throw new ArgumentError(
      `${path}: the model has ${others.length + 1} inputs; files of samples are for models of one`,
    );
  const [rows, columns, channels] = input!.sample?.length === 3 ? input!.sample : [];
  const own = rows && columns ? ([rows, columns] as const) : undefined;
  const { size = own, scale = 1, offset = 0, limit } = flags;
  const found = await loadSamples(path, {
    ...{ scale, offset },
    ...(limit === undefined ? {} : { limit }),
    ...(size ? { size } : {}),
    ...(channels ? { channels: channels as Channels } : {}),
  });
  return { ...found, values: takesWords(model, input!) ? found.values : Float32Array.from(found.values) };
}

/** Random samples for every input, between 0 and 1, or whole numbers that all tables have. */
export function randomSamples(model: Trained, count: number, flags: SampleFlags) {
  const random = new RandomStream(1, 0);
  const shapes = model.inputSpecs.map((input) => [count, ...sampleShape(input, flags)]);
  const layers = model instanceof Model ? [...layerPaths(model).keys()] : [];
  const tables = layers.filter((layer) => layer instanceof Embedding);
  const rows = Math.min(...tables.map((layer) => (layer as unknown as Embedding).inputDim));
  const samples = model.inputSpecs.map((input, index) => {
    const numbers = Float32Array.from({ length: sizeOf(shapes[index]!) }, () => random.uniform());
    if (!takesWords(model, input)) return { values: numbers, shape: shapes[index]! };
    const values = Int32Array.from(numbers, (number) => Math.floor(number * (tables.length > 0 ? rows : 2)));
    return { values, shape: shapes[index]! };
  });
  return {
    samples: samples.length === 1 ? samples[0]! : samples,
    words: `random inputs, ${shapes.map(showShape).join(', ')}`,
  };
}

/** The shape of a sample, sizes that only data tell replaced. Throws `ArgumentError` where nothing of it is known. */
export function sampleShape(
  { name, sample }: InputSpec,
  { size: [rows, columns] = [SIZE, SIZE] }: SampleFlags,
): Shape {
  if (!sample) throw new ArgumentError(`the model does not declare the shape of '${name}'; give samples`);
  if (isKnown(sample)) return sample;
  const given = sample.length === 3 ? [rows, columns] : [];
  return sample.map((length, axis) => (Number.isNaN(length) ? (given[axis] ?? SIZE) : length));
}

function takesWords(model: Trained, { dtype }: InputSpec): boolean {
  if (dtype !== undefined) return !isFloat(dtype);
  return model instanceof Model && model.layers[0] instanceof Embedding;
}
