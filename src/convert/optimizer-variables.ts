/** State of optimizers as Keras stores it, a list of variables, and as ours do, slots by variables' names. */
import type { Variable } from '../autograd/variable.ts';
import { AVERAGE } from '../nn/optimizers/average.ts';
import { LossScaleOptimizer } from '../nn/optimizers/loss-scale-optimizer.ts';
import type { Optimizer } from '../nn/optimizers/optimizer.ts';
import { ACCUMULATOR } from '../nn/optimizers/parts.ts';
import { optimizerClassName } from '../nn/optimizers/registry.ts';
import type { SlotValues } from '../nn/optimizers/slots.ts';
import type { ScaleValues } from '../precision/scale-state.ts';
import { FormatError } from '../values/errors.ts';
import { sameShape, showShape } from '../values/shape.ts';
import { snakeCase } from './keras/layers.ts';
import type { StoredTensor } from './stored-model.ts';

/** A variable of an optimizer to be written. */
export interface OptimizerVariable {
  /** As in Keras 3: `adam/dense_kernel_momentum`. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array | Int32Array;
}

type Slot = readonly [own: string, keras: string, ...older: string[]];

const MOMENTUM: Slot = ['momentum', 'momentum', 'm'];
const MEAN: Slot = ['mean', 'momentum', 'm'];
const VARIANCE: Slot = ['variance', 'velocity', 'v'];

/** Slots in Keras 3's order: those of one group follow each other variable by variable. */
const SLOTS: Readonly<Record<string, readonly (readonly Slot[])[]>> = {
  SGD: [[MOMENTUM]],
  Lion: [[MOMENTUM]],
  Adam: [[MEAN, VARIANCE], [['largest', 'velocity_hat', 'vhat']]],
  AdamW: [[MEAN, VARIANCE], [['largest', 'velocity_hat', 'vhat']]],
  Nadam: [[MEAN], [VARIANCE]],
  Adamax: [[MEAN, ['norm', 'norm', 'u', 'v']]],
  Muon: [[MOMENTUM, MEAN, VARIANCE]],
  Adagrad: [[['accumulator', 'accumulator']]],
  Adadelta: [
    [
      ['accumulatedGradient', 'accumulated_grad', 'accum_grad'],
      ['accumulatedDelta', 'accumulated_delta_var', 'accum_var'],
    ],
  ],
  RMSprop: [
    [['velocity', 'velocity', 'rms']],
    [['momentum', 'momentum']],
    [['averageGradient', 'average_gradient', 'mg']],
  ],
};

/** What all kinds have before their own, where options ask for it. */
const SHARED: readonly Slot[] = [
  [AVERAGE, 'average'],
  [ACCUMULATOR, 'gradient_accumulator'],
];

/** A slot of a variable, in the place that a list has for it. */
interface Seat {
  readonly slot: Slot;
  readonly variable: Variable;
}

function groupsOf(optimizer: Optimizer): readonly (readonly Slot[])[] {
  return [SHARED, ...(SLOTS[optimizerClassName(optimizer)] ?? [])];
}

function seatsIn(
  groups: readonly (readonly Slot[])[],
  optimizer: Optimizer,
  variables: readonly Variable[],
): Seat[] {
  return groups.flatMap((group) =>
    variables.flatMap((variable) => {
      const own = optimizer.slotsOf(variable);
      return group.filter(([name]) => own.includes(name)).map((slot) => ({ slot, variable }));
    }),
  );
}

/**
 * Gives an optimizer the state in `stored`. `variables` are those that it trains, in the model's order. Throws `FormatError` where the
 * state is not of such an optimizer and such variables; nothing has changed then.
 */
export async function restoreOptimizer(
  where: string,
  optimizer: Optimizer | LossScaleOptimizer,
  variables: readonly Variable[],
  stored: readonly StoredTensor[],
): Promise<void> {
  const inner = optimizer instanceof LossScaleOptimizer ? optimizer.innerOptimizer : optimizer;
  const slots = stored.filter(({ shape }) => shape.length > 0);
  const seats = slots.length === 0 ? [] : seated(where, inner, variables, slots);
  const values: SlotValues = {};
  for (const [index, { slot, variable }] of seats.entries()) {
    values[slot[0]] ??= {};
    values[slot[0]]![variable.name] = Float32Array.from(await slots[index]!.read());
  }
  const scale = await wordsOf(inner, await scalarsOf(stored));
  optimizer.loadState({ scale, slots: values }, variables);
}

/** The seats of the arrays: by their names where these tell, else by the orders in which versions of Keras wrote them. */
function seated(
  where: string,
  optimizer: Optimizer,
  variables: readonly Variable[],
  slots: readonly StoredTensor[],
): readonly Seat[] {
  const groups = groupsOf(optimizer);
  const orders = [groups, groups.flat().map((slot) => [slot]), [groups.flat()]].map((order) =>
    seatsIn(order, optimizer, variables),
  );
  const named = byNames(groups.flat(), orders[0]!, slots);
  // Up to TensorFlow 2.10, each slot's variables followed each other.
  if (slots.some(({ name }) => /Variable(_\d+)?(:0)?$/.test(name))) orders.reverse();
  const fits = [...(named ? [named] : []), ...orders].find(
    (seats) =>
      seats.length <= slots.length &&
      seats.every(({ variable }, index) => sameShape(variable.shape, slots[index]!.shape)) &&
      // Keras 2.2's Adam has one number in place of each array that it does not need.
      slots.slice(seats.length).every(({ shape }) => shape.length === 1 && shape[0] === 1),
  );
  if (fits) return fits;
  const expected = orders[0]!.map(({ slot, variable }) => `${slot[0]} ${showShape(variable.shape)}`);
  const met = slots.map(({ shape }) => showShape(shape));
  throw new FormatError(
    `${where}: the optimizer's variables ${met.join(', ')} are no state of ${optimizer.name}: ${expected.join(', ')}`,
  );
}

/** Undefined where one name does not tell its slot. */
function byNames(
  kinds: readonly Slot[],
  seats: readonly Seat[],
  slots: readonly StoredTensor[],
): Seat[] | undefined {
  const left = seats.slice();
  const found: Seat[] = [];
  for (const { name } of slots) {
    const slot = slotNamed(kinds, name);
    const next = left.findIndex((seat) => seat.slot === slot);
    if (!slot || next < 0) return undefined;
    found.push(...left.splice(next, 1));
  }
  return found;
}

/** The slot in `Adam/dense/kernel/m:0`, `Adam/m/dense/kernel:0` or `adam/dense_kernel_momentum`. */
function slotNamed(kinds: readonly Slot[], name: string): Slot | undefined {
  const parts = name.replace(/:0$/, '').split('/');
  const last = parts.at(-1)!;
  const has = (test: (label: string) => boolean) => kinds.find(([, ...labels]) => labels.some(test));
  const longest = kinds
    .flatMap((kind) => kind.slice(1).map((label) => ({ kind, label })))
    .filter(({ label }) => label.length > 1 && last.endsWith(`_${label}`))
    .sort((a, b) => b.label.length - a.label.length)[0];
  return has((label) => label === last) ?? longest?.kind ?? has((label) => parts.includes(label));
}

/** What the scalars of an optimizer are called, by Keras 3's names. */
type Scalars = Partial<Record<'iteration' | 'learning_rate' | 'step_counter' | 'dynamic_scale', number>> & {
  /** Nadam's. */
  u_product?: number;
};

const SCALARS: Readonly<Record<string, keyof Scalars>> = {
  ...{ iteration: 'iteration', iterations: 'iteration', iter: 'iteration' },
  ...{ learning_rate: 'learning_rate', step_counter: 'step_counter', good_steps: 'step_counter' },
  ...{ dynamic_scale: 'dynamic_scale', current_loss_scale: 'dynamic_scale' },
  ...{ u_product: 'u_product', momentum_cache: 'u_product' },
};

/** Scalars in front: `[iteration, learning_rate]`, of a `LossScaleOptimizer` its own two, and two of the scale, before those. */
async function scalarsOf(stored: readonly StoredTensor[]): Promise<Scalars> {
  const slot = stored.findIndex(({ shape }) => shape.length > 0);
  const front = slot < 0 ? stored.length : slot;
  const scaled = front >= 5;
  const order: readonly (keyof Scalars | undefined)[] = [
    ...(scaled ? ([undefined, undefined, 'step_counter', 'dynamic_scale'] as const) : []),
    ...(['iteration', 'learning_rate'] as const),
  ];
  const scalars: Scalars = {};
  for (const [index, tensor] of stored.entries()) {
    if (tensor.shape.length > 0) continue;
    const called = SCALARS[tensor.name.replace(/:0$/, '').split('/').at(-1)!];
    const place = index < front ? order[index] : 'u_product';
    // A wrapper's own variables of these names come first, and count nothing.
    const name = called ?? place;
    if (name) scalars[name] = (await tensor.read())[0]!;
  }
  // The one that is there is the wrapper's: the optimizer within follows a schedule.
  if (front === 5) delete scalars.learning_rate;
  return scalars;
}

/** The words of our state. A schedule gives its own rate. */
function wordsOf(optimizer: Optimizer, scalars: Scalars): Partial<ScaleValues> {
  const config = optimizer.getConfig() as Readonly<Record<string, number | undefined>>;
  const { gradientAccumulationSteps: window = 1, learningRate, beta1, beta2, adamBeta1, adamBeta2 } = config;
  const steps = scalars.iteration ?? 0;
  const iterations = Math.floor(steps / window);
  // Lion has betas, and no bias to correct.
  const corrects = optimizerClassName(optimizer) !== 'Lion';
  const power = (beta = 1) => (corrects ? powerOf(beta, iterations) : 1);
  const { learning_rate: rate, dynamic_scale: scale, step_counter: growthCounter } = scalars;
  return {
    ...{ iterations, gathered: steps % window },
    ...{ beta1Power: scalars.u_product ?? power(beta1 ?? adamBeta1), beta2Power: power(beta2 ?? adamBeta2) },
    // The configuration has the rate with more digits, where it is the same one.
    ...(rate !== undefined && typeof learningRate === 'number' && Math.fround(learningRate) !== rate
      ? { learningRate: rate }
      : {}),
    ...(scale === undefined ? {} : { scale, growthCounter: growthCounter ?? 0 }),
  };
}

/** Steps up to which each one's rounding is followed. */
const FOLLOWED = 1e7;

/** The running product of `count` factors, rounded to float32 in each step, as the GPU has it. */
function powerOf(beta: number, count: number): number {
  if (count > FOLLOWED) return beta ** count;
  const factor = Math.fround(beta);
  let [power, before] = [1, Number.NaN];
  for (let step = 0; step < count && power !== before; step++) {
    before = power;
    power = Math.fround(power * factor);
  }
  return power;
}

/** The variables of an optimizer in Keras 3's order. Reads from the GPU. */
export async function variablesOf(
  optimizer: Optimizer | LossScaleOptimizer,
  variables: readonly Variable[],
): Promise<OptimizerVariable[]> {
  const scaled = optimizer instanceof LossScaleOptimizer;
  const inner = scaled ? optimizer.innerOptimizer : optimizer;
  const { scale, slots } = await inner.state();
  const config = inner.getConfig();
  const { gradientAccumulationSteps: window = 1 } = config as { gradientAccumulationSteps?: number };
  const scheduled = typeof config.learningRate !== 'number';
  const steps = (scale.iterations ?? 0) * window + ((scale.gathered ?? 0) % window);
  const kind = optimizerClassName(inner);
  const scalar = (
    owner: string,
    name: string,
    value: number,
    Kind: typeof Int32Array | typeof Float32Array,
  ) => ({
    ...{ name: `${snakeCase(owner)}/${name}`, shape: [], values: Kind.of(value) },
  });
  const wrapper = (name: string, value: number, Kind: typeof Int32Array | typeof Float32Array) =>
    scalar('LossScaleOptimizer', name, value, Kind);
  // Before the first step Keras has no slots either.
  const made = Object.keys(slots).length > 0;
  const seats = made ? seatsIn(groupsOf(inner), inner, variables) : [];
  return [
    ...(scaled && optimizer.dynamic
      ? [
          ...[wrapper('iteration', 0, Int32Array), wrapper('learning_rate', 0, Float32Array)],
          wrapper('step_counter', scale.growthCounter ?? 0, Int32Array),
          wrapper('dynamic_scale', scale.scale ?? optimizer.initialScale, Float32Array),
        ]
      : []),
    scalar(kind, 'iteration', steps, Int32Array),
    ...(scheduled
      ? []
      : [scalar(kind, 'learning_rate', scale.learningRate ?? inner.learningRate, Float32Array)]),
    ...seats.map(({ slot: [own, keras], variable: { name, shape, size } }) => ({
      name: `${snakeCase(kind)}/${name.replaceAll('/', '_')}_${keras}`,
      shape,
      values: slots[own]?.[name] ?? new Float32Array(size),
    })),
    ...(kind === 'Nadam' ? [scalar(kind, 'u_product', scale.beta1Power ?? 1, Float32Array)] : []),
  ];
}
