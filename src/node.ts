/** `halftape/node`: the same names as `halftape`, with Dawn (`webgpu` from npm) as the host of WebGPU. */
import { freemem } from 'node:os';
import type { Engine } from './gpu/engine.ts';
import { type OpenOptions, open as openHost, callbacks as shared } from './index.ts';
import { setProgress } from './nn/progress.ts';
import { setSave } from './nn/saving.ts';
import { csvLogger, tensorBoard } from './node/log-callbacks.ts';
import { modelCheckpoint } from './node/model-checkpoint.ts';
import { fileNotes } from './node/notes.ts';
import { terminalProgress } from './node/progress.ts';
import { saveModel } from './node/save-model.ts';
import { AdapterError, HalftapeError } from './values/errors.ts';

export * from './index.ts';

/** Those of `halftape`, and those that write files. */
export const callbacks = { ...shared, csvLogger, modelCheckpoint, tensorBoard };
export { type ImageOptions, saveImage } from './node/images.ts';
export { loadGraphModel, loadModel } from './node/load-model.ts';
export { type LoadedSamples, type LoadSamplesOptions, loadSamples } from './node/samples.ts';
export { saveGraphModel, saveModel } from './node/save-model.ts';
export { loadWeights, saveWeights } from './node/weights-file.ts';

export interface NodeOpenOptions extends OpenOptions {
  /** Part of an adapter's name, to choose among several. */
  adapter?: string;
}

setProgress(terminalProgress);
setSave(saveModel);

// Dawn's instances: once one is collected while its device lives, the process crashes, so they are kept for ever.
const instances = new Map<string, GPU>();

async function dawn(adapter: string | undefined): Promise<GPU> {
  const flags = [
    // NVIDIA cards have shader-f16, which Dawn hides on Vulkan without this toggle.
    // Matrix units are a draft, for which browsers ask a flag: `unsafe` for shaders of strangers, and there are none here.
    'enable-dawn-features=vulkan_enable_f16_on_nvidia,allow_unsafe_apis',
    'disable-dawn-features=timestamp_quantization',
    ...(adapter ? [`adapter=${adapter}`] : []),
  ];
  const key = flags.join();
  const known = instances.get(key);
  if (known) return known;
  const { create } = await import('webgpu').catch((cause) => {
    throw new HalftapeError("open: the package 'webgpu' could not be loaded; run npm install webgpu", {
      cause,
    });
  });
  const instance = create(flags) as GPU;
  instances.set(key, instance);
  return instance;
}

const cell = new Int32Array(new SharedArrayBuffer(4));
/** Waits shorter than this stay in the event loop, where they end with the least delay. */
const SHORT_MS = 2;

/**
 * A pending promise makes Dawn's binding poll at the full speed of a core. Where a processor plays the GPU, that core is
 * missing from the work waited for, so longer waits sleep a millisecond between two looks.
 */
async function wait<T>(promise: Promise<T>, software: boolean): Promise<T> {
  if (!software) return promise;
  let pending = true;
  const settled = () => {
    pending = false;
  };
  promise.then(settled, settled);
  const start = performance.now();
  while (pending) {
    await new Promise((resolve) => setImmediate(resolve));
    if (pending && performance.now() - start > SHORT_MS) Atomics.wait(cell, 0, 0, 1);
  }
  return promise;
}

/** Opens an engine on Dawn and makes it the default. Throws `AdapterError`, `ArgumentError`. */
export async function open(options: NodeOpenOptions = {}): Promise<Engine> {
  const { adapter, ...rest } = options;
  const gpu = rest.gpu ?? (await dawn(adapter));
  try {
    return await openHost({ host: { wait, freeMemory: freemem(), notes: fileNotes }, ...rest, gpu });
  } catch (error) {
    if (error instanceof HalftapeError) throw error;
    // Dawn's own words, which list the adapters that there are.
    throw new AdapterError(`open: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
}
