/** Finds where a training step overflows: the step once more under a watch, eagerly and without its update, in words. */
import type { BadOp } from '../precision/numerics/op-numerics.ts';
import type { Batch } from './batches.ts';
import { firstBad } from './numerics.ts';
import { casting, forwardStep, type Training } from './steps.ts';

/**
 * What is the first in a step on `batch` not to be finite: what a layer or the loss is given or makes, or a gradient; undefined where all is
 * finite. The work is recorded at once, so that the batch may be disposed. Moving statistics take a step by it.
 */
export async function whereOverflows(training: Training, batch: Batch): Promise<string | undefined> {
  const { engine, model, optimizer, variables } = training;
  const step = () =>
    void casting(training, () =>
      optimizer.computeGradients(() => forwardStep(training, batch).loss, variables()),
    );
  const found = await firstBad(model, step, { engine });
  return found && inWords(found);
}

function inWords({ layer, pass, op, kind }: BadOp): string {
  const ofLoss = layer === '(loss)';
  if (kind === 'input') return ofLoss ? 'the target' : 'the input';
  if (kind === 'weight') return `the weight '${op}'`;
  const result = layer === '' ? 'the scaled loss' : ofLoss ? 'the loss' : `the result of '${layer}'`;
  return pass === 'forward' ? result : `a gradient that goes back from ${result}`;
}
