// Tests of the optimizer kernels: SGD and Adam against f64, f16 masters and copies, and skipping without a trace.
import * as assert from 'uvu/assert';
import { byteLength } from '../../src/autograd/tensor.ts';
import { type UpdateTarget, updateKernel } from '../../src/kernels/optimizer.ts';
import { SCALE_STATE, SCALE_STATE_BYTES } from '../../src/kernels/scale_state.ts';
import * as ht from '../../src/node.ts';
import { suite } from '../harness.ts';
import { castValue } from '../reference/cast.ts';
import { adam, sgd } from '../reference/optimizers.ts';
import { assertClose } from '../tolerances.ts';
import { randomOf, uniform } from './draws.ts';
import { readAll, useEngines } from './engines.ts';
import { FORMS, type Form } from './row.ts';

function sgdKernel(
  target: UpdateTarget,
  velocity: ht.Tensor | undefined,
  { momentum, nesterov }: { momentum: number; nesterov: boolean },
): void {
  const flags = { MOMENTUM: velocity !== undefined, NESTEROV: nesterov };
  updateKernel('sgd', target, { velocity }, { momentum }, flags);
}

function adamKernel(
  target: UpdateTarget,
  mean: ht.Tensor,
  variance: ht.Tensor,
  numbers: { beta1: number; beta2: number; epsilon: number },
): void {
  updateKernel('adam', target, { mean, variance }, numbers);
}

const test = suite('optimizer kernel');
const engines = useEngines(test);

const SIZES = [1, 7, 33, 130, 2183];
const [RATE, BETA1, BETA2, EPSILON] = [0.05, 0.9, 0.99, 1e-3];

type State = Partial<Record<(typeof SCALE_STATE)[number]['name'], number>>;

function stateOf({ engine }: Form, values: State): ht.Tensor {
  const view = new DataView(new ArrayBuffer(SCALE_STATE_BYTES));
  const all: State = {
    scale: 1,
    apply: 1,
    inverse: 1,
    learningRate: RATE,
    beta1Power: 1,
    beta2Power: 1,
    ...values,
  };
  for (const [word, { name, type }] of SCALE_STATE.entries()) {
    if (type === 'f32') view.setFloat32(word * 4, all[name] ?? 0, true);
    else view.setUint32(word * 4, all[name] ?? 0, true);
  }
  return ht.tensor(new Float32Array(view.buffer), { engine });
}

/** A case's tensors: master, gradient, two slots and the f16 copy, drawn as the dtypes can hold them. */
function setUp(
  { engine, dtype }: Form,
  size: number,
  gradientDType: ht.DType,
  slotDType: ht.DType = 'float32',
) {
  const random = randomOf(`${size}`);
  const draw = (type: ht.DType, low: number, high: number) => {
    const data = uniform(low, high)
      .draw(random, [size], 0)
      .map((value) => castValue(value, type));
    return { data, tensor: ht.tensor(Float64Array.from(data), { dtype: type, engine }) };
  };
  return {
    master: draw(dtype, -2, 2),
    gradient: draw(gradientDType, -8, 8),
    slots: [draw(slotDType, -1, 1), draw(slotDType, 0.1, 1)] as const,
    copy: ht.full([size], 5, 'float16', { engine }),
  };
}

interface Variant {
  readonly gradient: 'float32' | 'float16';
  /** Of masters in float32. */
  readonly copied: boolean;
}

/**
 * Each rule reads gradients of both dtypes and is run with a copy and without one, though not in all four ways: a driver on a processor
 * takes half a second to compile a shader. The first is the one that skips below.
 */
const PAIRED: readonly Variant[] = [
  { gradient: 'float32', copied: true },
  { gradient: 'float16', copied: false },
];
const TURNED: readonly Variant[] = [
  { gradient: 'float32', copied: false },
  { gradient: 'float16', copied: true },
];

async function bytesOf(...tensors: ht.Tensor[]): Promise<string[]> {
  const read = await tensors[0]!.engine.read(
    tensors.map((t) => ({ storage: t.storage, bytes: byteLength(t) })),
  );
  return read.map((bytes) => Buffer.from(bytes).toString('hex'));
}

for (const name of FORMS) {
  for (const [variant, momentum, nesterov, variants] of [
    ['plain', undefined, false, PAIRED],
    ['with momentum', 0.8, false, TURNED],
    ['with Nesterov momentum', 0.8, true, PAIRED],
  ] as const) {
    test(`SGD ${variant}: unscales, updates, writes the copy, ${name} masters`, async () => {
      const form = engines.form(name);
      for (const { gradient: gradientDType, copied } of variants) {
        // Masters in halves may have slots in either.
        const slotDType = copied ? 'float32' : form.dtype;
        for (const size of SIZES) {
          const { master, gradient, slots, copy } = setUp(form, size, gradientDType, slotDType);
          const state = stateOf(form, { inverse: 1 / 4 });
          sgdKernel(
            {
              gradient: gradient.tensor,
              master: master.tensor,
              copy: copied && form.dtype === 'float32' ? copy.storage : undefined,
              state: state.storage,
            },
            momentum === undefined ? undefined : slots[0].tensor,
            { momentum: momentum ?? 0, nesterov },
          );
          const expected = master.data.map((weight, i) =>
            sgd(
              { weight, velocity: slots[0].data[i]! },
              gradient.data[i]!,
              { inverse: 1 / 4, learningRate: RATE },
              { momentum, nesterov },
            ),
          );
          const [weights, velocities, halves] = await readAll(form.engine, [
            master.tensor,
            slots[0].tensor,
            copy,
          ]);
          const op = `sgd ${variant} ${size}`;
          assertClose(
            weights!,
            expected.map(({ weight }) => weight),
            { op: `${op} weights`, dtype: form.dtype },
          );
          assertClose(
            velocities!,
            expected.map(({ velocity }) => velocity),
            { op: `${op} velocity`, dtype: slotDType },
          );
          assertCopy(halves!, copied && form.dtype === 'float32' ? weights! : undefined);
        }
      }
    });
  }

  test(`Adam: unscales, updates, writes the copy, ${name} masters`, async () => {
    const form = engines.form(name);
    for (const { gradient: gradientDType, copied } of PAIRED) {
      const slotDType = copied ? 'float32' : form.dtype;
      for (const [index, size] of SIZES.entries()) {
        const { master, gradient, slots, copy } = setUp(form, size, gradientDType, slotDType);
        const step = index + 1;
        const state = stateOf(form, { inverse: 1 / 8, beta1Power: BETA1 ** step, beta2Power: BETA2 ** step });
        adamKernel(
          {
            gradient: gradient.tensor,
            master: master.tensor,
            copy: copied && form.dtype === 'float32' ? copy.storage : undefined,
            state: state.storage,
          },
          slots[0].tensor,
          slots[1].tensor,
          { beta1: BETA1, beta2: BETA2, epsilon: EPSILON },
        );
        const expected = master.data.map((weight, i) =>
          adam(
            { weight, mean: slots[0].data[i]!, variance: slots[1].data[i]! },
            gradient.data[i]!,
            { inverse: 1 / 8, learningRate: RATE },
            { beta1: BETA1, beta2: BETA2, epsilon: EPSILON, step },
          ),
        );
        const [weights, means, variances, halves] = await readAll(form.engine, [
          master.tensor,
          slots[0].tensor,
          slots[1].tensor,
          copy,
        ]);
        const op = `adam ${size} step ${step}`;
        assertClose(
          weights!,
          expected.map(({ weight }) => weight),
          { op: `${op} weights`, dtype: form.dtype },
        );
        assertClose(
          means!,
          expected.map(({ mean }) => mean),
          { op: `${op} mean`, dtype: slotDType },
        );
        assertClose(
          variances!,
          expected.map(({ variance }) => variance),
          { op: `${op} variance`, dtype: slotDType },
        );
        assertCopy(halves!, copied && form.dtype === 'float32' ? weights! : undefined);
      }
    }
  });

  test(`a gradient can replace the weights, ${name} masters`, async () => {
    const form = engines.form(name);
    for (const size of SIZES) {
      const { master, gradient, copy } = setUp(form, size, 'float32');
      const copied = form.dtype === 'float32';
      const target = {
        ...{ gradient: gradient.tensor, master: master.tensor },
        copy: copied ? copy.storage : undefined,
      };
      updateKernel('overwrite', { ...target, state: stateOf(form, { inverse: 1 / 4 }).storage });
      const [weights, halves] = await readAll(form.engine, [master.tensor, copy]);
      assertClose(weights!, gradient.data, {
        op: `overwrite ${size}`,
        dtype: form.dtype,
        exact: form.dtype === 'float32',
      });
      assertCopy(halves!, copied ? weights! : undefined);
    }
  });

  test(`a skipped step changes no bit, whatever the gradient holds, ${name} masters`, async () => {
    const form = engines.form(name);
    for (const size of [7, 130]) {
      const { master, slots, copy } = setUp(form, size, 'float32');
      const state = stateOf(form, { apply: 0 }).storage;
      const bad = [Number.NaN, Number.POSITIVE_INFINITY, 1, 1e30];
      const gradient = ht.tensor(
        Array.from({ length: size }, (_, i) => bad[i % 4]!),
        { engine: form.engine },
      );
      const all = [master.tensor, slots[0].tensor, slots[1].tensor, copy];
      const before = await bytesOf(...all);
      const target = { gradient, master: master.tensor, copy: copy.storage, state };
      sgdKernel(target, undefined, { momentum: 0, nesterov: false });
      sgdKernel(target, slots[0].tensor, { momentum: 0.9, nesterov: true });
      adamKernel(target, slots[0].tensor, slots[1].tensor, { beta1: BETA1, beta2: BETA2, epsilon: EPSILON });
      updateKernel('overwrite', target);
      assert.equal(await bytesOf(...all), before);
    }
  });
}

/** The copy holds the stored weights rounded, or what it held before. */
function assertCopy(halves: readonly number[], weights: readonly number[] | undefined): void {
  const expected = halves.map((_, i) => (weights ? castValue(weights[i]!, 'float16') : 5));
  assertClose(halves, expected, { op: 'copy', dtype: 'float16', exact: !weights });
}
