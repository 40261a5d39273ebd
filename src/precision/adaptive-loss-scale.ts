/**
 * Adaptive loss scaling: each layer multiplies the gradient that comes to its result by a power of two of its own, found on the GPU from
 * the statistics of that gradient and of the layer's weights (Zhao, Vogel and Ahmed 2019, arXiv 1910.12385; `shaders/layer_scale.wgsl`).
 * Tapes carry the product along and divide it out: gradients come back as they are without it.
 */
import { Carried } from '../autograd/recording.ts';
import { emptyTensor, type Tensor } from '../autograd/tensor.ts';
import type { Engine } from '../gpu/engine.ts';
import type { Storage } from '../gpu/storage.ts';
import { adaptiveBeginKernel, type Factor, layerScaleKernel } from '../kernels/layer_scale.ts';
import { scaleUp } from '../ops/rescale.ts';
import { show } from '../values/dtype.ts';
import { ArgumentError } from '../values/errors.ts';
import { checkOptions } from '../values/options.ts';
import {
  decodeLayer,
  decodeStep,
  encodeLayer,
  encodeStep,
  FIRST_STEP,
  type LayerScale,
  STATE_BYTES,
  type StepWords,
  UNSCALED,
} from './adaptive-state.ts';
import { type ScaleGradient, withScaling } from './scale-points.ts';
import type { ScaleState } from './scale-state.ts';

export interface AdaptiveOptions {
  /** Every so many steps the statistics are taken anew, and after each skipped one. Default 10. */
  refreshSteps?: number;
  /** Share of a layer's gradient that may fall below 2^-24, the smallest half. Default 0.0001. */
  underflow?: number;
  /** A skipped step lowers all scales by a factor of 2; so many finite steps in a row take one such factor back. Default 100. */
  growthSteps?: number;
}

/** For a checkpoint. */
export interface AdaptiveState {
  readonly step: StepWords;
  readonly layers: Readonly<Record<string, LayerScale>>;
}

/** An optimizer: its skipped steps are those that overflowed. */
export interface Skipping {
  stateOn(engine: Engine): ScaleState;
}

/** Most powers of two that skipped steps take: a scale of 1 becomes float16's smallest number. */
const MOST_RETREAT = 24;

export class AdaptiveLossScale {
  readonly refreshSteps: number;
  readonly underflow: number;
  readonly growthSteps: number;
  #engine: Engine | undefined;
  /** The words of the step, and those of each layer by its path. */
  #step: Storage | undefined;
  readonly #layers = new Map<string, Storage>();
  #restored: AdaptiveState | undefined;

  /** Throws `ArgumentError`. */
  constructor(options: AdaptiveOptions = {}) {
    checkOptions('AdaptiveLossScale', options, ['refreshSteps', 'underflow', 'growthSteps']);
    this.refreshSteps = checkSteps('refreshSteps', options.refreshSteps ?? 10);
    this.growthSteps = checkSteps('growthSteps', options.growthSteps ?? 100);
    this.underflow = checkShare(options.underflow ?? 1e-4);
  }

  /**
   * Runs `fn`, one step of training: gradients that tapes take of layers called inside, in float16, are scaled on their way. `optimizer` is
   * the one whose skipped steps count; without it, none does. Throws `ArgumentError` for an async function.
   */
  during<T>(fn: () => T, optimizer?: Skipping): T {
    const begun = new Set<Engine>();
    const begin = (engine: Engine) => {
      if (begun.has(engine)) return;
      begun.add(engine);
      this.#begin(engine, optimizer);
    };
    const counts = new Map<string, number>();
    const scale: ScaleGradient = (gradient, path, factor) => {
      begin(gradient.engine);
      const count = counts.get(path) ?? 0;
      counts.set(path, count + 1);
      return this.#scaled(gradient, count === 0 ? path : `${path}#${count}`, factor);
    };
    const result = withScaling(scale, fn);
    if (!(result instanceof Promise)) return result;
    result.catch(() => {});
    throw new ArgumentError(
      'AdaptiveLossScale.during: the function is async, and what it does later would not be scaled; use a plain function',
    );
  }

  /** The scales as they are now, by the paths of layers. Where a layer is used more than once, `#1` and so on are its earlier calls. */
  async scales(): Promise<Record<string, number>> {
    const layers = await this.layers();
    return Object.fromEntries(Object.entries(layers).map(([path, { scale }]) => [path, scale]));
  }

  /** The same with what the gradients measured. Before the first step there is none. */
  async layers(): Promise<Record<string, LayerScale>> {
    return (await this.state()).layers;
  }

  /** All state, for a checkpoint: where no step was made, what it will begin with. */
  async state(): Promise<AdaptiveState> {
    const layers = [...this.#layers];
    if (!this.#engine || !this.#step) return this.#restored ?? { step: FIRST_STEP, layers: {} };
    const storages = [this.#step, ...layers.map(([, storage]) => storage)];
    const [step, ...words] = await this.#engine.read(
      storages.map((storage) => ({ storage, bytes: STATE_BYTES })),
    );
    return {
      step: decodeStep(step!),
      layers: Object.fromEntries(layers.map(([path], index) => [path, decodeLayer(words[index]!)])),
    };
  }

  /** Restores what `state` gave; layers are found by their paths. */
  loadState(state: AdaptiveState): void {
    this.#restored = state;
    const [engine, step] = [this.#engine, this.#step];
    if (!engine || !step) return;
    engine.untraced(() => {
      engine.write(step, encodeStep(state.step));
      for (const [path, storage] of this.#layers)
        engine.write(storage, encodeLayer(state.layers[path] ?? UNSCALED));
    });
  }

  getConfig(): Required<AdaptiveOptions> {
    const { refreshSteps, underflow, growthSteps } = this;
    return { refreshSteps, underflow, growthSteps };
  }

  /** Frees the state. */
  dispose(): void {
    const engine = this.#engine;
    const storages = [...this.#layers.values(), ...(this.#step ? [this.#step] : [])];
    this.#layers.clear();
    this.#step = undefined;
    this.#engine = undefined;
    if (engine && !engine.closed) for (const storage of storages) engine.release(storage);
  }

  #begin(engine: Engine, optimizer: Skipping | undefined): void {
    if (this.#engine !== engine) this.dispose();
    this.#engine = engine;
    this.#step ??= this.#store(encodeStep(this.#restored?.step ?? FIRST_STEP));
    const { refreshSteps, growthSteps } = this;
    const rule = { refreshSteps, growthSteps, mostRetreat: MOST_RETREAT };
    adaptiveBeginKernel(engine, this.#step, rule, optimizer?.stateOn(engine).storage);
  }

  /** The gradient in float16, times the scale that the layer at `path` finds for it. */
  #scaled(gradient: Tensor, path: string, factor: Factor | undefined): Carried {
    const { engine, dtype } = gradient;
    const layer =
      this.#layers.get(path) ?? this.#store(encodeLayer(this.#restored?.layers[path] ?? UNSCALED));
    this.#layers.set(path, layer);
    const exponent = emptyTensor(engine, [], 'int32', 'loss scale');
    const into = { state: this.#step!, layer, exponent };
    layerScaleKernel(gradient, factor, into, this.underflow, dtype === 'float32');
    return new Carried(scaleUp(gradient, exponent, 'float16'), exponent);
  }

  #store(words: Uint32Array): Storage {
    const engine = this.#engine!;
    return engine.untraced(() => engine.store(words, 'kept', 'loss scale', 'optimizer slots'));
  }
}

function checkSteps(name: string, value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 0xffffffff) return value;
  throw new ArgumentError(`AdaptiveLossScale: ${name} is ${show(value)}; use a whole number from 1 on`);
}

function checkShare(value: unknown): number {
  if (typeof value === 'number' && value >= 2 ** -24 && value < 1) return value;
  throw new ArgumentError(
    `AdaptiveLossScale: underflow is ${show(value)}; use a share from 2^-24 to below 1`,
  );
}
