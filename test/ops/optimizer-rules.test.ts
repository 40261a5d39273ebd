// One step of every optimizer's kernel against float64, in all storages, slots in float32: unscaled, decayed, with a copy of float32 masters; NaN gradients stay NaN.
import * as assert from 'uvu/assert';
import { type Rule, updateKernel } from '../../src/kernels/optimizer.ts';
import { SCALE_STATE, SCALE_STATE_BYTES } from '../../src/kernels/scale_state.ts';
import * as ht from '../../src/node.ts';
import { suite } from '../harness.ts';
import { castValue } from '../reference/cast.ts';
import * as reference from '../reference/optimizers.ts';
import { assertClose } from '../tolerances.ts';
import { randomOf, uniform } from './draws.ts';
import { readAll, useEngines } from './engines.ts';
import { FORMS, type Form } from './row.ts';

const test = suite('optimizer rules, kernels');
const engines = useEngines(test);

const [RATE, DECAY, INVERSE, COUNT] = [0.05, 0.25, 1 / 4, 3];

interface Row {
  readonly rule: Rule;
  readonly numbers: Readonly<Record<string, number>>;
  readonly flags?: Readonly<Record<string, boolean>>;
  /** By binding, bounds of the values that slots have. */
  readonly slots: Readonly<Record<string, readonly [low: number, high: number]>>;
  readonly next: reference.Rule;
}

const ADAM = { beta1: 0.8, beta2: 0.95, epsilon: 1e-3 };
const RMS = { rho: 0.8, momentum: 0.5, epsilon: 1e-3 };
const LION = { beta1: 0.8, beta2: 0.95 };
const [ANY, POSITIVE, SMALL, LARGE] = [
  [-1, 1],
  [0.5, 1],
  [-0.5, 0.5],
  [0.5, 4],
] as const;

/** RMSprop's slots by the names of their bindings. */
const centred =
  (rule: reference.Rule): reference.Rule =>
  (weight, { velocity, mean, accumulator }, gradient, step) => {
    const own = { velocity: velocity!, averageGradient: mean!, momentum: accumulator! };
    const after = rule(weight, own, gradient, step);
    const { velocity: v, averageGradient, momentum } = after.slots;
    return {
      weight: after.weight,
      slots: { velocity: v!, mean: averageGradient!, accumulator: momentum! },
    };
  };

const ROWS: Readonly<Record<string, Row>> = {
  amsgrad: {
    ...{ rule: 'adam', numbers: ADAM, flags: { AMSGRAD: true }, next: reference.amsgrad(ADAM) },
    slots: { mean: ANY, variance: POSITIVE, largest: LARGE },
  },
  adamax: {
    ...{ rule: 'adamax', numbers: ADAM, next: reference.adamax(ADAM) },
    slots: { mean: ANY, norm: POSITIVE },
  },
  nadam: {
    ...{ rule: 'nadam', numbers: { ...ADAM, momentumDecay: 0.96 }, next: reference.nadam(ADAM) },
    slots: { mean: ANY, variance: POSITIVE },
  },
  adagrad: {
    ...{ rule: 'adagrad', numbers: { epsilon: 1e-3 }, next: reference.adagrad({ epsilon: 1e-3 }) },
    slots: { accumulator: POSITIVE },
  },
  adadelta: {
    ...{ rule: 'adadelta', numbers: { rho: 0.8, epsilon: 1e-3 } },
    slots: { accumulatedGradient: POSITIVE, accumulatedDelta: POSITIVE },
    next: reference.adadelta({ rho: 0.8, epsilon: 1e-3 }),
  },
  lion: {
    ...{ rule: 'lion', numbers: LION, slots: { momentum: ANY }, next: reference.lion(LION) },
  },
  rmsprop: {
    ...{ rule: 'rmsprop', numbers: RMS, flags: { CENTRED: true, MOMENTUM: true } },
    slots: { velocity: POSITIVE, mean: SMALL, accumulator: ANY },
    next: centred(reference.rmsprop({ ...RMS, centered: true })),
  },
};

function stateOf({ engine }: Form, rule: Rule, { beta1 = 1, beta2 = 1 }: Row['numbers']): ht.Tensor {
  const view = new DataView(new ArrayBuffer(SCALE_STATE_BYTES));
  let beta1Power = beta1 ** COUNT;
  if (rule === 'nadam') for (let t = 1; t <= COUNT; t++) beta1Power *= 1 - 0.5 * 0.96 ** t;
  const values: Partial<Record<string, number>> = {
    ...{ apply: 1, inverse: INVERSE, learningRate: RATE, iterations: COUNT },
    ...{ beta1Power, beta2Power: beta2 ** COUNT },
  };
  for (const [word, { name, type }] of SCALE_STATE.entries()) {
    if (type === 'f32') view.setFloat32(word * 4, values[name] ?? 0, true);
    else view.setUint32(word * 4, values[name] ?? 0, true);
  }
  return ht.tensor(new Float32Array(view.buffer), { engine });
}

for (const name of FORMS) {
  for (const [label, row] of Object.entries(ROWS)) {
    test(`${label}, ${name} masters`, async () => {
      const form = engines.form(name);
      const { engine, dtype } = form;
      for (const size of [7, 2183]) {
        const random = randomOf(`${label} ${size}`);
        const draw = (low: number, high: number, type: ht.FloatDType = dtype) =>
          uniform(low, high)
            .draw(random, [size], 0)
            .map((value) => castValue(value, type));
        const upload = (data: readonly number[], type: ht.FloatDType = dtype) =>
          ht.tensor(Float64Array.from(data), { dtype: type, engine });
        const [weights, gradients] = [draw(-2, 2), draw(-8, 8)];
        gradients[5] = Number.NaN;
        const before = Object.entries(row.slots).map(
          ([slot, [low, high]]) => [slot, draw(low, high, 'float32')] as const,
        );
        const slots = Object.fromEntries(before.map(([slot, data]) => [slot, upload(data, 'float32')]));
        const [master, copy] = [upload(weights), ht.zeros([size], 'float16', { engine })];
        const state = stateOf(form, row.rule, row.numbers).storage;
        const copied = dtype === 'float32' ? copy.storage : undefined;
        const target = { gradient: upload(gradients), master, copy: copied, state, decay: DECAY };
        updateKernel(row.rule, target, slots, row.numbers, row.flags);
        const expected = weights.map((weight, i) => {
          const own = Object.fromEntries(before.map(([slot, data]) => [slot, data[i]!]));
          const step = { learningRate: RATE, count: COUNT };
          return row.next(weight * (1 - DECAY * RATE), own, gradients[i]! * INVERSE, step);
        });
        const got = await readAll(engine, [master, copy, ...Object.values(slots)]);
        const near = { dtype, terms: 4 } as const;
        const moved = expected.map(({ weight }) => weight);
        assertClose(got[0]!, moved, { op: `${label} ${size}: weight`, ...near });
        for (const [index, slot] of Object.keys(slots).entries()) {
          const twin = expected.map((one) => one.slots[slot]!);
          assertClose(got[2 + index]!, twin, { op: `${label} ${size}: ${slot}`, ...near, dtype: 'float32' });
        }
        assert.ok(Number.isNaN(got[0]![5]), 'NaN stays');
        const halves = got[0]!.map((value) => (copied ? castValue(value, 'float16') : 0));
        assertClose(got[1]!, halves, { op: 'copy', dtype: 'float16' });
      }
    });
  }
}
