/** `numerics.watch`: what ops store while a model trains, by layer: exponents, overflow where it happens, advice. */
import { observe } from '../autograd/observing.ts';
import { type Part, pathOf } from '../autograd/part.ts';
import { tidy } from '../autograd/tidy.ts';
import { defaultEngine } from '../gpu/default-engine.ts';
import type { Engine } from '../gpu/engine.ts';
import type { BadOp } from '../precision/numerics/op-numerics.ts';
import { NumericsReport } from '../precision/numerics/report.ts';
import { type Reading, Tally } from '../precision/numerics/tally.ts';
import { show } from '../values/dtype.ts';
import { ArgumentError } from '../values/errors.ts';
import { checkOptions } from '../values/options.ts';
import { Layer } from './layer.ts';
import { Weighted } from './weighted.ts';

export interface WatchOptions {
  /** Default: that of the model's weights, else the default engine. */
  engine?: Engine;
}

export interface NumericsReportOptions {
  /** Share of the gradients that a loss scale may leave below 2^-24 and still lose nothing. Default 0.01. */
  tolerated?: number;
}

export class Watch {
  readonly #tally: Tally;
  readonly #end: () => void;
  #last: Promise<Reading> | undefined;

  /** For `numerics.watch`. */
  constructor(tally: Tally) {
    this.#tally = tally;
    this.#end = observe(tally);
  }

  /** What was counted so far, or until `stop`. Waits for the GPU. */
  async report(options: NumericsReportOptions = {}): Promise<NumericsReport> {
    checkOptions('numerics.report', options, ['tolerated']);
    const { tolerated = 0.01 } = options;
    if (!(tolerated > 0 && tolerated <= 1))
      throw new ArgumentError(
        `numerics.report: tolerated is ${show(tolerated)}; use a share above 0, up to 1`,
      );
    return new NumericsReport(await (this.#last ?? this.#tally.read()), tolerated);
  }

  /** Counts no more, and frees the memory on the GPU; the report can still be asked for. Twice is once. */
  stop(): void {
    if (this.#last) return;
    this.#end();
    this.#last = this.#tally.read();
    this.#last.catch(() => {});
    this.#tally.dispose();
  }
}

/**
 * Counts what every op of `model` stores, forward and backward, and the loss beside it; of `undefined` what any op on the engine stores. Until
 * `stop`, and for whatever runs meanwhile: `fit`, `evaluate`, `predict`, steps of one's own, with `jit` or without; programs traced before are
 * traced anew, now and after `stop`. Ops of optimizers, metrics and other models are not counted. Nothing that is computed changes by a bit.
 *
 * What is counted, op by op, layer by layer and pass by pass, is each value before it is narrowed: of results stored in float16, the op is run a second
 * time with float32 results, which nothing else reads. Views, such as of `reshape`, store nothing; weights and data are counted where an op
 * first reads them in a step. A step ends where an optimizer applies gradients; it has failed where one of them is not finite.
 * What `checkpoint` runs again is not counted again. Gradients are counted without the loss scale, but with the powers of two that layers
 * multiply them with under `lossScaling: 'adaptive'`.
 *
 * The cost: one dispatch a result, one a step, and the ops with float16 results twice; a mixed step of a perceptron took 1.6 times as long, of a small
 * convolutional network 1.8 to 2.3 times (lavapipe). Not watching costs nothing: no dispatch more. Throws `ArgumentError`.
 */
export function watch(model?: Weighted, options: WatchOptions = {}): Watch {
  checkOptions('numerics.watch', options, ['engine']);
  if (model !== undefined && !(model instanceof Weighted))
    throw new ArgumentError(
      `numerics.watch: ${show(model)} is no model and no layer; leave it out to watch all`,
    );
  const built = model instanceof Layer && model.built ? model.weights[0]?.engine : undefined;
  const engine = options.engine ?? built ?? defaultEngine('numerics.watch');
  engine.check();
  if (engine.tracing)
    throw new ArgumentError('numerics.watch: it is asked for inside a traced function; ask outside');
  const watched = {
    pathOf: (part: Part | undefined) => (model ? pathFrom(model, part) : pathOf(part)),
    variables: () => model && new Set(model.weights),
  };
  return new Watch(new Tally(engine, watched));
}

/**
 * Where a step goes wrong: runs `step` once under a watch and resolves with the first op of `model` that stored what is not finite; undefined
 * where none did. `step` does all that it does otherwise: a training step trains. Throws `ArgumentError`.
 */
export async function firstBad(
  model: Weighted | undefined,
  step: () => unknown,
  options: WatchOptions = {},
): Promise<BadOp | undefined> {
  const watched = watch(model, options);
  try {
    const returned: unknown[] = [];
    tidy(() => void returned.push(step()));
    await returned[0];
  } finally {
    watched.stop();
  }
  return (await watched.report()).firstBad;
}

export const numerics = { watch, firstBad };

/** Path of a running part, from inside the watched layer on; names of parts that are no layers in parentheses. Undefined: not watched. */
function pathFrom(watched: Weighted, part: Part | undefined): string | undefined {
  const names: string[] = [];
  let outermost: object | undefined;
  for (let at = part; at; at = at.outer) {
    if (at.owner === watched) return names.join('/') || watched.name;
    names.unshift(at.owner ? at.name : `(${at.name})`);
    outermost = at.owner ?? outermost;
  }
  if (!outermost) return names.join('/');
  // Layers of the model that someone calls one by one.
  const inside = [...watched.paths()].find(([layer]) => layer === outermost);
  return inside && [inside[1], ...names.slice(1)].join('/');
}
