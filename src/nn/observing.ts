/** Who looks on while layers run: what each one is given, and what it gives. */
import type { Tensor } from '../autograd/tensor.ts';

export type Observer = (layer: object, inputs: readonly Tensor[], outputs: readonly Tensor[]) => void;

let observer: Observer | undefined;

/** Runs `fn`; every layer that a model calls meanwhile is shown to `next`, those inside models before the model. */
export function observing<T>(next: Observer, fn: () => T): T {
  const before = observer;
  observer = next;
  try {
    return fn();
  } finally {
    observer = before;
  }
}

export function showLayer(layer: object, inputs: readonly Tensor[], outputs: readonly Tensor[]): void {
  observer?.(layer, inputs, outputs);
}
