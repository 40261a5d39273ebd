/** A trained Keras model, ESRGAN-slim 2x, converted to mixed precision: its pictures, its numbers, trained on, written and read back. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { plan } from '../../src/convert/plan.ts';
import * as ht from '../../src/node.ts';
import { toPatches } from './patches.ts';

type Picture = { readonly values: Float32Array; readonly shape: readonly number[] };

export interface Upscaling {
  /** Decibels, for values from 0 to 255: of both against the picture that the package ships, and of mixed precision against float32. */
  readonly psnr: { readonly float32: number; readonly mixed: number; readonly between: number };
  /** Milliseconds of a picture of 128 x 128, and bytes of weights and activations, by policy. */
  readonly float32: { readonly ms: number; readonly bytes: number };
  readonly mixed: { readonly ms: number; readonly bytes: number };
  /** Largest |result| of a layer between the first and the last. */
  readonly largest: number;
  /** Mean squared error of pictures not trained on, before and after. */
  readonly error: { readonly before: number; readonly after: number };
  readonly lossScale: number;
  readonly losses: readonly number[];
  /** Where the trained model lies now, and the largest difference of its results when it is read back. */
  readonly saved: string;
  readonly readBack: number;
  readonly plan: string;
  readonly pictures: readonly { readonly title: string; readonly picture: Picture }[];
}

const BATCH = 4;
const LEARNING_RATE = 1e-4;

/** Files of the npm package `@upscalerjs/esrgan-slim`. */
function inPackage(...path: string[]): string {
  const main = createRequire(import.meta.url).resolve('@upscalerjs/esrgan-slim');
  return join(main.slice(0, main.lastIndexOf('dist')), ...path);
}

/** `epochs` of training on; the model goes to `folder`. */
export async function upscale(folder: string, epochs: number): Promise<Upscaling> {
  const engine = await ht.open({ policy: 'float32', seed: 1 });
  try {
    const load = (path: string) => ht.loadModel(path) as unknown as Promise<ht.Model>;
    const model = await load(inPackage('models', 'x2', 'model.json'));
    const input = await pictureIn(inPackage('assets', 'fixture.png'));
    const shipped = await pictureIn(inPackage('assets', 'samples', '2x', 'result.png'));
    const wide = await predicted(model, input);
    const precision = await plan(model, { calibration: input });
    await precision.apply(model);
    const narrow = await predicted(model, input);
    const trained = await trainOn(model, input, epochs);
    await model.save(folder);
    const expected = await pictureBy(model, input);
    const again = await load(folder);
    const found = await pictureBy(again, input);
    return {
      psnr: {
        float32: psnr(wide.picture, shipped),
        mixed: psnr(narrow.picture, shipped),
        between: psnr(narrow.picture, wide.picture),
      },
      float32: wide,
      mixed: narrow,
      largest: Math.max(...precision.layers.slice(0, -1).map(({ ranges }) => ranges!.results!.max)),
      ...trained,
      saved: folder,
      readBack: found.values.reduce(
        (most, value, index) => Math.max(most, Math.abs(value - expected.values[index]!)),
        0,
      ),
      plan: String(precision),
      pictures: [
        { title: 'the input, 128 x 128', picture: input },
        { title: 'float32', picture: wide.picture },
        { title: 'mixed_float16', picture: narrow.picture },
        { title: "Keras's own, as shipped", picture: shipped },
      ],
    };
  } finally {
    engine.close();
  }
}

async function pictureIn(path: string): Promise<Picture> {
  return (await ht.loadSamples(path)) as Picture;
}

async function pictureBy(model: ht.Model, { values, shape }: Picture): Promise<Picture> {
  const result = (await model.predict({ values, shape })) as ht.Tensor;
  const picture = { values: (await result.data()) as Float32Array, shape: result.shape };
  result.dispose();
  return picture;
}

/** Twice, the second time by the clock: shaders compile in the first. */
async function predicted(model: ht.Model, input: Picture) {
  await pictureBy(model, input);
  const start = performance.now();
  const picture = await pictureBy(model, input);
  const ms = performance.now() - start;
  const once = ht.jit((x: ht.Tensor) => model.apply(x) as ht.Tensor);
  const { bytes, outside } = once.program(ht.tensor(input.values, { shape: [...input.shape] })).report();
  once.dispose();
  return { picture, ms, bytes: Object.values(outside).reduce((sum, kept) => sum + kept, bytes) };
}

/** Trains on parts of the picture, shrunk to half and to be made whole again; every fifth part is held back. */
async function trainOn(model: ht.Model, input: Picture, epochs: number) {
  const { small, large, count } = toPatches(input);
  const held = Math.floor(count / 5);
  const part = ({ values, shape }: Picture, from: number, to: number): Picture => {
    const size = values.length / count;
    return { values: values.slice(from * size, to * size), shape: [to - from, ...shape.slice(1)] };
  };
  model.compile({
    optimizer: ht.optimizers.adam({ learningRate: LEARNING_RATE }),
    loss: 'meanSquaredError',
  });
  const test = [part(small, 0, held), part(large, 0, held)] as const;
  const { loss: before } = await model.evaluate(...test, { batchSize: BATCH });
  const losses: number[] = [];
  await model.fit(part(small, held, count), part(large, held, count), {
    ...{ epochs, batchSize: BATCH },
    callbacks: { onBatchEnd: (_, { loss }) => void losses.push(loss!) },
  });
  const { loss: after } = await model.evaluate(...test, { batchSize: BATCH });
  const { scale } = await model.optimizer.readState();
  return { error: { before: before!, after: after! }, losses, lossScale: scale };
}

/** Peak signal-to-noise ratio of two pictures of values from 0 to 255, in decibels. */
function psnr({ values }: Picture, { values: reference }: Picture): number {
  const squares = values.reduce((sum, value, index) => sum + (value - reference[index]!) ** 2, 0);
  return 10 * Math.log10((255 ** 2 * values.length) / squares);
}
