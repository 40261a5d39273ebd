/** What adaptive loss scaling keeps on the GPU, as numbers: the words of the step, and those of each layer. */
import { ADAPTIVE_STATE } from '../kernels/layer_scale.ts';

/** Bytes of the step's words, and of each layer's. */
export const STATE_BYTES = 16;

/** `retreat` is the number of powers of two by which skipped steps lowered all scales. */
export type StepWords = { readonly [K in (typeof ADAPTIVE_STATE)[number]]: number };

export interface LayerScale {
  /** What the layer multiplies its gradient with: a power of two. */
  readonly scale: number;
  /** Root mean square of the gradient that came to it when it was last measured, with what the layers after it had scaled it by. */
  readonly rms: number;
  /** The largest magnitude in it. */
  readonly largest: number;
}

export const FIRST_STEP: StepWords = { steps: 0, refresh: 0, retreat: 0, finite: 0 };
/** Of a layer that has measured nothing. */
export const UNSCALED: LayerScale = { scale: 1, rms: 0, largest: 0 };

export function encodeStep(step: StepWords): Uint32Array {
  return Uint32Array.from(ADAPTIVE_STATE, (name) => step[name]);
}

export function decodeStep(bytes: ArrayBuffer): StepWords {
  const words = new Uint32Array(bytes);
  return Object.fromEntries(ADAPTIVE_STATE.map((name, index) => [name, words[index]!])) as StepWords;
}

/** The words of `shaders/layer_scale.wgsl`'s struct Layer. */
export function encodeLayer({ scale, rms, largest }: LayerScale): Uint32Array {
  const view = new DataView(new ArrayBuffer(STATE_BYTES));
  view.setInt32(0, Math.log2(scale), true);
  view.setFloat32(4, rms, true);
  view.setFloat32(8, largest, true);
  return new Uint32Array(view.buffer);
}

export function decodeLayer(bytes: ArrayBuffer): LayerScale {
  const view = new DataView(bytes);
  return {
    ...{ scale: 2 ** view.getInt32(0, true), rms: view.getFloat32(4, true) },
    largest: view.getFloat32(8, true),
  };
}
