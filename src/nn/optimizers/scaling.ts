/** What an optimizer knows of its loss scale: the rule, who set it, how far the present step is; and what it tells of misuse. */
import type { Tensor } from '../../autograd/tensor.ts';
import { tidy } from '../../autograd/tidy.ts';
import type { Engine } from '../../gpu/engine.ts';
import { cast } from '../../ops/cast.ts';
import { mul } from '../../ops/mul.ts';
import { reciprocal } from '../../ops/reciprocal.ts';
import { type LossScale, NO_LOSS_SCALE } from '../../precision/loss-scale.ts';
import type { ScaleState } from '../../precision/scale-state.ts';
import { ArgumentError } from '../../values/errors.ts';

/** The largest power of two in float16. */
const LARGEST_HALF = 2 ** 15;

/** What the scale was divided out of, for good: applying the rules of scaled gradients to it would divide it twice. */
const unscaled = new WeakSet<Tensor>();

/** Gradients divided by the scale, each in its own dtype; null stays null. Throws `ArgumentError` for what comes from here itself. */
export function unscaledGradients<G extends Tensor | null>(
  where: string,
  gradients: readonly G[],
  scaleOn: (engine: Engine) => Tensor,
): G[] {
  refuseUnscaled(where, gradients);
  return gradients.map((gradient) => {
    if (!gradient) return gradient;
    const inverse = reciprocal(scaleOn(gradient.engine));
    return marked(mul(gradient, cast(inverse, gradient.dtype))) as G;
  });
}

function marked(gradient: Tensor): Tensor {
  unscaled.add(gradient);
  return gradient;
}

function refuseUnscaled(where: string, gradients: readonly (Tensor | null)[]): void {
  if (gradients.some((gradient) => gradient && unscaled.has(gradient)))
    throw new ArgumentError(
      `${where}: these gradients are divided by the loss scale already, and would be twice; pass those of the tape`,
    );
}

/** The loss times the scale, in the loss's dtype. */
export function scaledLoss(loss: Tensor, scale: Tensor): Tensor {
  return mul(loss, cast(scale, loss.dtype));
}

/**
 * Of a float16 loss: throws `ArgumentError` where the scale is fixed and infinite in float16, and gives a warning where it
 * may become so.
 */
export function halfLossAdvice(where: string, loss: Tensor, rule: LossScale): string | undefined {
  if (loss.dtype !== 'float16') return undefined;
  const { kind, initialScale, maxScale } = rule;
  const advice = "cast the loss to float32 first, ht.cast(loss, 'float32')";
  const start = `${where}: the loss is float16, where a scale`;
  if (kind === 'static' && initialScale > LARGEST_HALF)
    throw new ArgumentError(`${start} of ${initialScale} may be infinite; ${advice}, or use one up to 32768`);
  if (kind !== 'dynamic' || Math.max(initialScale, maxScale) <= LARGEST_HALF) return undefined;
  const [which, name] =
    initialScale > LARGEST_HALF ? [`of ${initialScale}`, 'initialScale'] : ['above 65504', 'maxScale'];
  return `${start} ${which} is infinite, so that steps are skipped; ${advice}, or set ${name} to 32768`;
}

export class Scaling {
  #rule: LossScale = NO_LOSS_SCALE;
  #owner: object | undefined;
  #shared: ((engine: Engine) => ScaleState) | undefined;
  /** Set between `unscale` and the update: the trace in which that was. */
  #unscaledIn: { readonly trace: object | undefined } | undefined;
  readonly #told = new Set<string>();

  /** Whether `owner` has set the scale. Throws `ArgumentError` where another one has. */
  belongsTo(where: string, owner: object | undefined): boolean {
    if (this.#owner && this.#owner !== owner)
      throw new ArgumentError(
        `loss scale: ${where} is wrapped already; make an optimizer for each LossScaleOptimizer or GradScaler`,
      );
    return this.#owner !== undefined;
  }

  get rule(): LossScale {
    return this.#rule;
  }

  /** The scale that several optimizers share, where it is not this one's own. */
  get shared(): ((engine: Engine) => ScaleState) | undefined {
    return this.#shared;
  }

  /** `owner` moves the scale from now on. */
  set(rule: LossScale, owner?: object, shared?: (engine: Engine) => ScaleState): void {
    [this.#rule, this.#owner, this.#shared] = [rule, owner, shared];
  }

  scaleLoss(where: string, loss: Tensor, scaleOn: (engine: Engine) => Tensor): Tensor {
    this.#unscaledIn = undefined;
    if (this.#rule.kind === 'none') return loss;
    this.tell(halfLossAdvice(where, loss, this.#rule));
    return scaledLoss(loss, scaleOn(loss.engine));
  }

  /** The gradients divided by what `scaleNow` gives, in float32. Throws `ArgumentError` for those that are, and in a step where others were. */
  unscale(
    where: string,
    gradients: readonly (Tensor | null)[],
    engine: Engine,
    scaleNow: () => Tensor,
  ): (Tensor | null)[] {
    refuseUnscaled(where, gradients);
    const trace = engine.openTrace;
    if (this.#unscaledIn && this.#unscaledIn.trace === trace)
      throw new ArgumentError(
        `${where}: the gradients of this step are unscaled already; apply them before the next ones`,
      );
    this.#unscaledIn = { trace };
    return tidy(() => {
      const inverse = reciprocal(scaleNow());
      return gradients.map((gradient) => gradient && marked(mul(cast(gradient, 'float32'), inverse)));
    });
  }

  giveUp(): void {
    this.#unscaledIn = undefined;
  }

  /** Whether gradients that are applied now arrive multiplied with the scale; the step ends with it. Throws `ArgumentError`. */
  endStep(where: string, gradients: readonly Tensor[], engine: Engine): boolean {
    const noted = this.#unscaledIn;
    if (noted && noted.trace !== engine.openTrace)
      throw new ArgumentError(
        `${where}: the gradients were unscaled in another jitted function, or outside of this one; unscale and apply in one function`,
      );
    const scaled = this.#rule.scaledGradients && !noted;
    if (scaled) refuseUnscaled(where, gradients);
    this.#unscaledIn = undefined;
    return scaled;
  }

  /** Warns, once of each thing. */
  tell(text: string | undefined): void {
    if (text === undefined || this.#told.has(text)) return;
    this.#told.add(text);
    console.warn(text);
  }
}
