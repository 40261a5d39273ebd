/** Plans of precision by op: a prediction is explained, and with sample inputs measured; what overflows leaves float16, and it is looked at again. */
import { jit } from '../autograd/jit.ts';
import type { ExplainedOp } from '../autograd/precision-report.ts';
import type { Tensor } from '../autograd/tensor.ts';
import type { Engine } from '../gpu/engine.ts';
import { Model } from '../nn/model.ts';
import { watch } from '../nn/numerics.ts';
import type { SamplesBy } from '../nn/samples.ts';
import { zeros } from '../ops/creation.ts';
import type { AutocastOptions } from '../precision/autocast.ts';
import type { OpNumerics } from '../precision/numerics/op-numerics.ts';
import { ArgumentError } from '../values/errors.ts';
import { isKnown } from '../values/shape.ts';
import { threeDigits } from '../values/text-table.ts';
import { inFloat32, inputBatches, predicted, type Trained } from './layer-calls.ts';
import { type KeptLayer, OpPlan, type PlannedOp } from './planned-ops.ts';
import { lossNotes, nearOverflow } from './range-notes.ts';

/** Throws as `plan` does. */
export async function planOps(
  model: Trained,
  engine: Engine,
  asked: AutocastOptions,
  calibration: SamplesBy | undefined,
  batchSize: number,
): Promise<OpPlan> {
  return inFloat32(model, async () => {
    let rules = asked;
    const kept: KeptLayer[] = [];
    for (;;) {
      model.autocast = rules;
      const explained = await explain(model, engine, calibration, batchSize);
      const measured =
        calibration === undefined ? undefined : await measure(model, engine, calibration, batchSize);
      const before = rules.float32In ?? [];
      const added = measured
        ? overflowIn(model, measured).filter(({ layer }) => !before.includes(layer))
        : [];
      if (added.length === 0) return new OpPlan(rules, plannedOps(model, explained, measured), kept);
      kept.push(...added);
      rules = { ...rules, float32In: [...before, ...added.map(({ layer }) => layer)] };
    }
  });
}

/** The ops of a prediction, in order. */
async function explain(
  model: Trained,
  engine: Engine,
  calibration: SamplesBy | undefined,
  batchSize: number,
): Promise<readonly ExplainedOp[]> {
  const program = jit((...inputs: Tensor[]) => [...predicted(model, inputs)]);
  try {
    const batches = calibration
      ? inputBatches('plan', model, engine, calibration, batchSize)
      : exampleBatch(model, engine);
    for await (const inputs of batches) return program.program(...inputs).explainPrecision().ops;
    return [];
  } finally {
    program.dispose();
  }
}

/** One sample of zeros: what computes in what does not depend on values. Throws `ArgumentError` where a size is not known. */
async function* exampleBatch(model: Trained, engine: Engine): AsyncGenerator<readonly Tensor[]> {
  const samples = model.inputSpecs.map(({ name, sample, dtype }) => {
    if (!sample || !isKnown(sample))
      throw new ArgumentError(
        `plan: the model does not declare the whole shape of '${name}'; give sample inputs as calibration`,
      );
    const count = model instanceof Model ? 1 : (model.batchSize ?? 1);
    return { values: zeros([count, ...sample], dtype ?? 'float32', { engine }) };
  });
  const given = samples.map(({ values }) => values);
  try {
    yield* inputBatches('plan', model, engine, given.length === 1 ? given[0]! : given, 1);
  } finally {
    for (const one of given) one.dispose();
  }
}

/** What each op stores, before it is narrowed. */
async function measure(
  model: Trained,
  engine: Engine,
  calibration: SamplesBy,
  batchSize: number,
): Promise<readonly OpNumerics[]> {
  const watched = watch(undefined, { engine });
  try {
    for await (const inputs of inputBatches('plan', model, engine, calibration, batchSize))
      for (const output of predicted(model, inputs)) output.dispose();
  } finally {
    watched.stop();
  }
  return (await watched.report()).ops;
}

/** The layers in which something overflows float16: a result, or an input or a weight that an op there takes. */
function overflowIn(model: Trained, measured: readonly OpNumerics[]): readonly KeptLayer[] {
  const found = new Map<string, string>();
  for (const { layer, op, kind, dtype, overflows, infinities, largest } of measured) {
    const path = within(model, layer);
    // A weight's copy holds infinities by now.
    const beyond = overflows > 0 || (kind === 'weight' && infinities > 0);
    if (dtype !== 'float16' || !beyond || path === '' || found.has(path)) continue;
    const what = kind === 'weight' ? 'weights' : op === 'cast' ? 'inputs' : `results of ${op}`;
    const size = kind === 'weight' ? '' : ` up to ${threeDigits(largest)}`;
    found.set(path, `${what}${size} overflow`);
  }
  return [...found].map(([layer, reason]) => ({ layer, reason }));
}

/** Ops of one kind in one layer as one. */
function plannedOps(
  model: Trained,
  explained: readonly ExplainedOp[],
  measured: readonly OpNumerics[] | undefined,
): readonly PlannedOp[] {
  const planned = new Map<string, PlannedOp>();
  for (const { name, layer, inputs, dtype, reason } of explained) {
    const key = JSON.stringify([layer, name, inputs, dtype, reason]);
    const before = planned.get(key);
    const found = measured?.find((one) => one.layer === layer && one.op === name && one.dtype === dtype);
    planned.set(key, {
      ...{ layer: within(model, layer), op: name, computes: inputs, dtype, reason },
      count: (before?.count ?? 0) + 1,
      largest: found?.largest,
      notes: found && dtype === 'float16' ? notesOf(found) : [],
    });
  }
  return [...planned.values()];
}

function notesOf({ largest, values, zeros, nans, below, subnormal }: OpNumerics): readonly string[] {
  const nonzero = values - zeros - nans;
  return [
    ...nearOverflow(largest),
    ...lossNotes('results', { nonzero, vanishing: below * nonzero, subnormal: subnormal * nonzero }),
  ];
}

/** A path without the model itself. */
function within(model: Trained, path: string): string {
  const own = model instanceof Model ? `${model.name}/` : '';
  return path.startsWith(own) ? path.slice(own.length) : path;
}
