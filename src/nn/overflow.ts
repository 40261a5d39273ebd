/** Finds where a training step overflows: its loss once more, eagerly, every layer's results and their gradients looked through. */

import { observingParts } from '../autograd/observing.ts';
import { GradientTape } from '../autograd/tape.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { keep, tidy } from '../autograd/tidy.ts';
import { all } from '../ops/all.ts';
import { isFinite as finiteOf } from '../ops/is-finite.ts';
import { isFloat } from '../values/dtype.ts';
import type { Batch } from './batches.ts';
import { casting, forwardStep, type Training } from './steps.ts';

/** Something of a step, in words, and whether all of it is finite. */
interface Looked {
  readonly what: string;
  readonly finite: Tensor;
}

/**
 * What is the first in a step on `batch` not to be finite: an input, the result of a layer, the loss, the gradient that reaches a layer
 * or a weight; undefined where all is finite. The work is recorded at once, so that the batch may be disposed. Moving statistics
 * take a step by it.
 */
export async function whereOverflows(training: Training, batch: Batch): Promise<string | undefined> {
  const looked = tidy(() =>
    look(training, batch).map(({ what, finite }) => ({ what, finite: keep(finite) })),
  );
  const flags = await training.engine.read(
    looked.map(({ finite }) => ({ storage: finite.storage, bytes: 4 })),
  );
  for (const { finite } of looked) finite.dispose();
  return looked[flags.findIndex((flag) => new Uint32Array(flag)[0] === 0)]?.what;
}

/** In the order in which they are computed. */
function look(training: Training, batch: Batch): Looked[] {
  const { optimizer } = training;
  const of = (what: string, value: Tensor | null): Looked[] =>
    value && isFloat(value.dtype) ? [{ what, finite: all(finiteOf(value)) }] : [];
  const ran: { name: string; output: Tensor }[] = [];
  const see = (layer: object, _inputs: readonly Tensor[], outputs: readonly Tensor[]): void => {
    const { name } = layer as { name: string };
    for (const output of outputs) ran.push({ name, output: keep(output.alias()) });
  };
  const tape = new GradientTape();
  const { loss, scaled } = tape.record(() =>
    // Outside of autocast, whose rehearsal is not seen from there.
    observingParts(see, () =>
      casting(training, () => {
        const { loss } = forwardStep(training, batch);
        return { loss, scaled: optimizer.scaleLoss(loss) };
      }),
    ),
  );
  const results = ran.filter(({ output }) => isFloat(output.dtype));
  const variables = training.variables();
  const sources = [...results.map(({ output }) => output), ...variables];
  const gradients = tape.gradient(scaled, sources, { unconnected: 'none' });
  const reached = results.flatMap(({ name }, i) => of(`the gradient that reaches '${name}'`, gradients[i]!));
  const looked = [
    ...batch.inputs.flatMap((x) => of('the input', x)),
    ...batch.labels.flatMap((y) => of('the target', y)),
    ...results.flatMap(({ name, output }) => of(`the result of '${name}'`, output)),
    ...of('the loss', loss),
    ...of('the scaled loss', scaled),
    ...reached.reverse(),
    ...variables.flatMap(({ name }, i) => of(`the gradient of '${name}'`, gradients[results.length + i]!)),
  ];
  for (const { output } of ran) output.dispose();
  return looked;
}
