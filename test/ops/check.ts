// Runs one row of the op table in one form: forward, gradients and second derivatives against the f64 reference.
import * as assert from 'uvu/assert';
import * as ht from '../../src/node.ts';
import * as ops from '../../src/ops/index.ts';
import { type DType, isFloat } from '../../src/values/dtype.ts';
import { type Plain, sizeOf } from '../reference/array.ts';
import { castValue } from '../reference/cast.ts';
import { type Direction, derivative, type Scalar, secondDerivative } from '../reference/difference.ts';
import { assertClose } from '../tolerances.ts';
import { type Draw, integers, type Random, randomOf, uniform } from './draws.ts';
import { readAll } from './engines.ts';
import { type Form, nameOf, type Row } from './row.ts';

const OPS = new Map(Object.entries(ops) as unknown as [string, NonNullable<Row['run']>][]);

/** Input elements up to which the gradient by each element is compared, and second derivatives are. */
const FEW = 150;

interface Case {
  readonly name: string;
  readonly row: Row;
  readonly form: Form;
  readonly random: Random;
  readonly inputs: readonly Plain[];
  readonly tensors: readonly ht.Tensor[];
  /** Places of the inputs that have a gradient. */
  readonly floats: readonly number[];
}

export async function checkForward(row: Row, form: Form): Promise<void> {
  await forEachCase(row, form, form.dtype, async (one) => {
    const y = run(one);
    const expected = row.reference(...one.inputs);
    const dtype = row.result ?? form.dtype;
    assert.is(y.dtype, dtype, `${one.name}: dtype`);
    assert.equal([...y.shape], [...expected.shape], `${one.name}: shape`);
    const [got] = await readAll(form.engine, [y]);
    assertClose(got!, expected.data, {
      op: one.name,
      dtype,
      terms: termsOf(one, expected),
      exact: row.exact ?? false,
    });
  });
}

/** Other dtypes than floats, on whole numbers: exact. */
export async function checkWhole(row: Row, form: Form, dtype: DType): Promise<void> {
  const whole = { int32: integers(-9, 9), uint32: integers(1, 9), bool: integers(0, 1) }[dtype as 'int32'];
  const draws = drawsOf(row).map((draw) => (draw.dtype ? draw : whole));
  const own = { ...row, draws, reference: row.wholeReference ?? row.reference };
  await forEachCase(own, form, dtype, async (one) => {
    const y = run(one);
    const expected = own.reference(...one.inputs);
    assert.is(y.dtype, row.result ?? dtype, `${one.name}: dtype`);
    assert.equal([...y.shape], [...expected.shape], `${one.name}: shape`);
    const [got] = await readAll(form.engine, [y]);
    assertClose(got!, expected.data, { op: one.name, dtype });
  });
}

/** What is made on the way to a result or a gradient is freed without any tidy. */
export async function checkMemory(row: Row, form: Form): Promise<void> {
  await forEachCase({ ...row, cases: row.cases.slice(0, 2) }, form, form.dtype, async (one) => {
    const sources = one.floats.map((i) => one.tensors[i]!);
    const step = () => {
      const tape = new ht.GradientTape();
      tape.watch(...sources);
      const y = tape.record(() => call(one));
      const gradients = row.constant ? [] : tape.gradient(y, sources);
      tape.dispose();
      for (const tensor of [y, ...gradients]) tensor?.dispose();
    };
    // Numbers beside tensors are made once and stay.
    step();
    const before = form.engine.memory().bytesInUse;
    step();
    assert.is(form.engine.memory().bytesInUse, before, `${one.name}: bytes in use`);
  });
}

/**
 * Gradients of the inner product of the result and random numbers: along a random direction and, for few elements, by
 * each element, against central differences of the reference.
 */
export async function checkGradient(row: Row, form: Form): Promise<void> {
  await forEachCase(row, form, form.dtype, async (one) => {
    const tape = new ht.GradientTape();
    const sources = one.floats.map((i) => one.tensors[i]!);
    tape.watch(...sources);
    const y = tape.record(() => run(one));
    const upstream = drawn(one.random, y.shape, uniform(-1, 1), y.dtype);
    const u = tensorOf(upstream, y.dtype, form);
    const gradients = tape.gradient(y, sources, { outputGradients: u, unconnected: 'zero' });
    const got = await readAll(form.engine, gradients as ht.Tensor[]);
    for (const [i, gradient] of gradients.entries()) {
      assert.is(gradient!.dtype, sources[i]!.dtype, `${one.name}: dtype of gradient ${i}`);
      assert.equal(gradient!.shape, sources[i]!.shape, `${one.name}: shape of gradient ${i}`);
    }
    const f = innerProduct(one, upstream);
    // Signs as those of the gradient: nothing cancels, so that one wrong part shows in the sum.
    const along = got.map((values) => values.map((g) => (0.5 + one.random()) * (g < 0 ? -1 : 1)));
    const compare = (direction: Direction, name: string) =>
      assertClose([product(got, direction)], [derivative(f, floatsOf(one), direction)], {
        op: `${one.name} ${name}`,
        dtype: form.dtype,
        pass: 'gradient',
      });
    compare(along, 'along a direction');
    if (got.flat().length > FEW) return;
    for (const [i, values] of got.entries()) {
      for (const j of values.keys()) compare(unit(got, i, j), `by input ${one.floats[i]} element ${j}`);
    }
  });
}

/**
 * The gradient of (the gradient along one direction), along another one; nested tapes. The op's result is squared, so
 * that its upstream gradient depends on the inputs too.
 */
export async function checkSecondGradient(row: Row, form: Form): Promise<void> {
  const few = row.cases.filter((shapes) => shapes.reduce((sum, shape) => sum + sizeOf(shape), 0) <= FEW);
  await forEachCase({ ...row, cases: few }, form, form.dtype, async (one) => {
    const sources = one.floats.map((i) => one.tensors[i]!);
    const [outer, inner] = [new ht.GradientTape(), new ht.GradientTape()];
    outer.watch(...sources);
    inner.watch(...sources);
    let upstream: Plain | undefined;
    const first = sources.map(({ shape, dtype }) => drawn(one.random, shape, uniform(-1, 1), dtype).data);
    const along = outer.record(() => {
      const y = inner.record(() => run(one));
      upstream = drawn(one.random, y.shape, uniform(-1, 1), y.dtype);
      const u = tensorOf(upstream, y.dtype, form);
      const weighed = inner.record(() => ht.mul(ht.square(y), u));
      const gradients = inner.gradient(weighed, sources, { unconnected: 'zero' });
      return gradients
        .map((g, i) =>
          ht.mul(ht.cast(g!, 'float32'), tensorOf({ shape: g!.shape, data: first[i]! }, 'float32', form)),
        )
        .map((products) => ht.sum(products))
        .reduce((sum, part) => ht.add(sum, part));
    });
    const second = outer.gradient(along, sources, { unconnected: 'zero' });
    const got = await readAll(form.engine, second as ht.Tensor[]);
    const direction = got.map((values) => values.map((g) => (0.5 + one.random()) * (g < 0 ? -1 : 1)));
    const expected = secondDerivative(innerProduct(one, upstream!, 2), floatsOf(one), first, direction);
    assertClose([product(got, direction)], [expected], {
      op: `${one.name} second`,
      dtype: form.dtype,
      pass: 'gradient',
    });
  });
}

async function forEachCase(
  row: Row,
  form: Form,
  dtype: DType,
  body: (one: Case) => Promise<void>,
): Promise<void> {
  const draws = drawsOf(row);
  const checks = row.cases.map(async (shapes) => {
    const name = `${nameOf(row)} ${shapes.map((shape) => `(${shape})`).join(' ')}`;
    const random = randomOf(name);
    const own = shapes.map((_, i) => draws[i] ?? draws[0]!);
    const dtypes = own.map((draw) => draw.dtype ?? dtype);
    const inputs = shapes.map((shape, i) => drawn(random, shape, own[i]!, dtypes[i]!, i));
    const tensors = inputs.map((input, i) => tensorOf(input, dtypes[i]!, form));
    const floats = dtypes.flatMap((type, i) => (isFloat(type) ? [i] : []));
    await body({ name, row, form, random, inputs, tensors, floats });
    for (const tensor of tensors) tensor.dispose();
  });
  await Promise.all(checks);
}

/** How each input is drawn; the first serves those that have none. */
function drawsOf({ draws = uniform(-2, 2) }: Row): Draw[] {
  return [draws].flat();
}

function run(one: Case): ht.Tensor {
  return ht.tidy(() => call(one));
}

function call({ row, tensors }: Case): ht.Tensor {
  return (row.run ?? OPS.get(row.op)!)(...tensors);
}

function drawn(random: Random, shape: readonly number[], draw: Draw, dtype: DType, position = 0): Plain {
  return { shape, data: draw.draw(random, shape, position).map((value) => castValue(value, dtype)) };
}

function tensorOf({ shape, data }: Plain, dtype: DType, { engine }: Form): ht.Tensor {
  return ht.tensor(Float64Array.from(data), { shape, dtype, engine });
}

function termsOf({ row, inputs }: Case, result: Plain): number {
  return row.terms?.(...inputs) ?? Math.max(1, (inputs[0]?.data.length ?? 1) / result.data.length);
}

function floatsOf({ inputs, floats }: Case): Plain[] {
  return floats.map((i) => inputs[i]!);
}

/** The reference's result to a power times `weights`, summed, as a function of the float inputs. */
function innerProduct({ row, inputs, floats }: Case, weights: Plain, power = 1): Scalar {
  return (moved) => {
    const all = [...inputs];
    for (const [i, place] of floats.entries()) all[place] = moved[i]!;
    return row.reference(...all).data.reduce((sum, value, j) => sum + value ** power * weights.data[j]!, 0);
  };
}

function product(values: Direction, direction: Direction): number {
  const along = direction.flat();
  return values.flat().reduce((sum, value, j) => sum + value * along[j]!, 0);
}

function unit(like: Direction, input: number, element: number): Direction {
  return like.map((values, i) => values.map((_, j) => (i === input && j === element ? 1 : 0)));
}
