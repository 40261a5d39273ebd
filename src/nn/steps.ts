/** One step of training and one of evaluation, traced by jit: losses and metrics of a batch. */
import { type Jitted, jit } from '../autograd/jit.ts';
import { unobserved } from '../autograd/observing.ts';
import { inPart } from '../autograd/part.ts';
import { Tensor } from '../autograd/tensor.ts';
import type { Variable } from '../autograd/variable.ts';
import type { Engine } from '../gpu/engine.ts';
import { add } from '../ops/add.ts';
import { cast } from '../ops/cast.ts';
import { div } from '../ops/div.ts';
import { mul } from '../ops/mul.ts';
import { reshape } from '../ops/reshape.ts';
import { sum } from '../ops/sum.ts';
import { autocast } from '../precision/autocast.ts';
import { show } from '../values/dtype.ts';
import { ShapeError } from '../values/errors.ts';
import type { RandomStream } from '../values/random.ts';
import { showShape } from '../values/shape.ts';
import type { Batch } from './batches.ts';
import type { Compiled, Target } from './compile.ts';
import type { Passed } from './layer.ts';
import type { Metric } from './metrics.ts';
import type { Mask } from './several.ts';
import type { Weighted } from './weighted.ts';

export interface Training extends Compiled {
  readonly engine: Engine;
  readonly model: Weighted;
  readonly forward: (inputs: readonly Tensor[], training: boolean) => Passed;
  readonly variables: () => readonly Variable[];
  /** What regularizers add to the loss. */
  readonly penalties: () => readonly Tensor[];
  /** Draws the order of samples. */
  readonly random: RandomStream;
}

export type Step = Jitted<[Batch], Tensor[]>;

/** A result of a step: a number, of which batches have a mean, or counts, which add up. */
export interface Measure {
  readonly name: string;
  /** Of counts: the value that they come to. */
  readonly value?: Metric['value'];
}

/** A step's results: `loss`, where there are several outputs `<output>_loss`, and the metrics. */
export function measuresOf(targets: readonly Target[]): Measure[] {
  const several = targets.length > 1;
  return [
    { name: 'loss' },
    ...(several ? targets.filter(({ loss }) => loss).map(({ name }) => ({ name: `${name}_loss` })) : []),
    ...targets.flatMap((target) =>
      target.metrics.map(({ name, value }) => ({ name: several ? `${target.name}_${name}` : name, value })),
    ),
  ];
}

/** The loss that a step of training makes smaller, and what came on the way. */
export function forwardStep(
  { forward, penalties, targets }: Training,
  batch: Batch,
): { passed: Passed; losses: Tensor[]; loss: Tensor } {
  const passed = forward(batch.inputs, true);
  return inPart('loss', undefined, () => {
    const { total, losses } = lossesOf(targets, batch, passed);
    return { passed, losses, loss: penalised(total, penalties()) };
  });
}

/** Trains; the metrics are those of the weights before the update, as in Keras. */
export function trainStep(training: Training): Step {
  const { variables, optimizer, targets } = training;
  return jit((batch: Batch) =>
    stepping(training, () => {
      const ran: ReturnType<typeof forwardStep>[] = [];
      const compute = () => {
        const computed = forwardStep(training, batch);
        ran.push(computed);
        return computed.loss;
      };
      const { loss, gradients } = optimizer.computeGradients(compute, variables());
      optimizer.apply(gradients, variables());
      const { passed, losses } = ran[0]!;
      return [cast(loss, 'float32'), ...losses, ...unobserved(() => metricsOf(targets, batch, passed))];
    }),
  );
}

export function testStep(training: Training): Step {
  const { forward, penalties, targets } = training;
  return jit((batch: Batch) =>
    casting(training, () => {
      const passed = forward(batch.inputs, false);
      return unobserved(() => {
        const { total, losses } = lossesOf(targets, batch, passed);
        const loss = cast(penalised(total, penalties()), 'float32');
        return [loss, ...losses, ...metricsOf(targets, batch, passed)];
      });
    }),
  );
}

function stepping<T>(training: Training, fn: () => T): T {
  const { lossScaling, optimizer } = training;
  return casting(training, () => (lossScaling ? lossScaling.during(fn, optimizer) : fn()));
}

/** Runs `fn` in the autocast of the model, where it has one. */
export function casting<T>(
  { autocast: rules, engine }: Pick<Training, 'autocast' | 'engine'>,
  fn: () => T,
): T {
  return rules ? autocast({ ...rules, engine }, fn) : fn();
}

/** In float32, which many weights may need; the loss as it is where there are none. */
function penalised(loss: Tensor, penalties: readonly Tensor[]): Tensor {
  return penalties.length > 0 ? penalties.reduce((a, b) => add(a, b), cast(loss, 'float32')) : loss;
}

/** The sum of all outputs' losses, each times its weight; and where there are several, each by itself. */
function lossesOf(
  targets: readonly Target[],
  { labels, weights }: Batch,
  { outputs, masks }: Passed,
): { total: Tensor; losses: Tensor[] } {
  const several = targets.length > 1;
  const losses: Tensor[] = [];
  let total: Tensor | undefined;
  for (const [index, { name, loss, weight }] of targets.entries()) {
    if (!loss) continue;
    const sampleWeight = loss.weighted ? weightsOf(weights[index]!, masks[index]!) : undefined;
    const value = loss.fn(labels[index]!, outputs[index]!, sampleWeight);
    const result = number(several ? `${name}_loss` : 'loss', value);
    if (several) losses.push(result);
    const part = several || weight !== 1 ? (weight === 1 ? result : mul(result, weight)) : value;
    total = total ? add(total, part) : part;
  }
  return { total: total!, losses };
}

function metricsOf(targets: readonly Target[], { labels }: Batch, { outputs }: Passed): Tensor[] {
  return targets.flatMap(({ metrics }, index) =>
    metrics.map(({ name, fn, value }) => {
      const result = fn(labels[index]!, outputs[index]!);
      return value ? result : number(name, result);
    }),
  );
}

/**
 * Weights of samples, and of their positions where there is a mask: as in Keras, those that count weigh so much more
 * that the mean over all is the mean over them.
 */
function weightsOf(weights: Tensor | null, mask: Mask): Tensor | undefined {
  if (!mask) return weights ?? undefined;
  const counted = cast(mask, 'float32');
  const scaled = mul(counted, div(counted.size, add(sum(counted), 1e-7)));
  if (!weights) return scaled;
  const missing = Math.max(scaled.rank - weights.rank, 0);
  return mul(scaled, reshape(weights, [...weights.shape, ...Array<number>(missing).fill(1)]));
}

/** What a loss or metric returned, as it is read. Throws `ShapeError` unless it is one number. */
function number(name: string, value: Tensor): Tensor {
  if (value instanceof Tensor && value.size === 1) return cast(value, 'float32');
  const got = value instanceof Tensor ? `a tensor ${showShape(value.shape)}` : show(value);
  throw new ShapeError(`${name}: it returned ${got}; return a scalar tensor`);
}
