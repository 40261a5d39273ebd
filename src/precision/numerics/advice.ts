/** What to do about what a watch has counted: layers to keep in float32, loss scales that lose nothing. */
import { type BadOp, type OpNumerics, percent } from './op-numerics.ts';
import { overflowsAt, type ScaleRange, scaleRange } from './scale-range.ts';

export interface NumericsAdvice {
  /** Paths of the layers for which float16 is too narrow whatever the loss scale: for a `DTypePolicyMap`, or `dtype: 'float32'`. */
  readonly keepFloat32: readonly string[];
  /** For the gradients in float16; where nothing is, for all: what float16 would ask for. Undefined where there are none but zeros. */
  readonly lossScale: ScaleRange | undefined;
  /** With the gradients of the weights among them: here they leave their accumulators in float32, in TensorFlow and PyTorch in float16. */
  readonly lossScaleWithWeights: ScaleRange | undefined;
  /** All of it in words, a line each. */
  readonly words: readonly string[];
}

/** Share of results below 2^-24 from which on they count as lost. */
const MUCH = 0.5;

interface Failures {
  readonly failedSteps: number;
  readonly firstBad: BadOp | undefined;
}

export function adviceOn(ops: readonly OpNumerics[], failures: Failures, tolerated: number): NumericsAdvice {
  // Of a model in float32 it is said what float16 would do.
  const narrow = ops.some(({ dtype }) => dtype === 'float16')
    ? ops.filter(({ dtype }) => dtype === 'float16')
    : ops.filter((op) => isLayer(op) && op.gradientOf.length === 0);
  const [forward, backward] = [of('forward', narrow), of('backward', narrow)];
  const byWeights = ops.filter((op) => op.gradientOf.length > 0 && !narrow.includes(op));
  const lossScale = scaleRange(backward, tolerated);
  const lossScaleWithWeights = scaleRange([...backward, ...byWeights], tolerated);
  const overflowing = forward.filter(({ overflows }) => overflows > 0);
  const tooWide =
    lossScale && !lossScale.exists ? backward.filter((op) => overflowsAt(op, lossScale.smallest)) : [];
  const words = [
    ...failureWords(failures),
    ...overflowing.map(
      (op) =>
        `${placeOf(op)}: ${percent(op.above)} of ${valuesOf(op)} is beyond 65504, which no loss scale changes: compute it in float32`,
    ),
    ...forward
      .filter(({ below }) => below > MUCH)
      .map(
        (op) =>
          `${placeOf(op)}: ${percent(op.below)} of ${valuesOf(op)} is below 2^-24: compute it in float32`,
      ),
    ...tooWide.map(
      (op) =>
        `${placeOf(op)}: no scale serves the gradients that ${op.op} makes and smaller ones elsewhere: compute it in float32`,
    ),
    ...ops
      .filter(({ absorbedSteps }) => absorbedSteps > 0)
      .map(
        (op) =>
          `${placeOf(op)}: ${op.op} (${op.pass}) read infinities or NaN in ${op.absorbedSteps} steps and stored none: its result does not show them`,
      ),
    ...rangeWords('loss scale', lossScale, tolerated),
    ...(byWeights.length > 0
      ? rangeWords('loss scale if gradients of weights were float16 too', lossScaleWithWeights, tolerated)
      : []),
  ];
  const layers = [...overflowing, ...tooWide].filter(isLayer).map(({ layer }) => layer);
  return {
    keepFloat32: [...new Set(layers)],
    ...{ lossScale, lossScaleWithWeights, words },
  };
}

function of(pass: OpNumerics['pass'], ops: readonly OpNumerics[]): OpNumerics[] {
  return ops.filter((op) => op.pass === pass);
}

function failureWords({ failedSteps, firstBad }: Failures): string[] {
  if (!firstBad)
    return failedSteps > 0 ? [`${failedSteps} steps failed, by what none of the watched ops has stored`] : [];
  const { op, kind, pass, stored, inherited, step, lossScale } = firstBad;
  const when =
    failedSteps > 0
      ? `step ${step}, the first of ${failedSteps} that failed, failed`
      : 'what is not finite began';
  const scaled = pass === 'backward' && lossScale !== 1 ? `, loss scale ${lossScale}` : '';
  const what = `${placeOf(firstBad)}: ${when} at ${kind === 'op' ? op : `${kind} ${op}`} (${pass}${scaled}): ${stored.join(', ')}`;
  if (inherited) return [`${what}, made of what was not finite already`];
  if (kind !== 'op') return [`${what}, from outside`];
  return [stored.includes('beyond float16') ? what : `${what}, in float32 already: float16 is not the cause`];
}

function rangeWords(what: string, range: ScaleRange | undefined, tolerated: number): string[] {
  if (!range) return [];
  const { largest, smallest, exists, lostAtLargest } = range;
  const power = (scale: number) => `2^${Math.log2(scale)}`;
  return exists
    ? [
        `${what}: ${power(smallest)} to ${power(largest)} lose nothing: no overflow, less than ${percent(tolerated)} below 2^-24`,
      ]
    : [
        `${what}: each loses something: beyond ${power(largest)} gradients overflow, with it ${percent(lostAtLargest)} are below 2^-24`,
      ];
}

function valuesOf({ op, kind }: OpNumerics): string {
  return kind === 'op' ? `what ${op} makes` : `${kind} ${op}`;
}

function isLayer({ layer }: OpNumerics): boolean {
  return layer !== '' && !layer.startsWith('(');
}

function placeOf({ layer }: { readonly layer: string }): string {
  return layer || 'outside of layers';
}
