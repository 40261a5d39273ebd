// Tests that steps in arenas give the same bits with jit and without, and those of plain f64 loops, with NaN in all padding.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';
import { randomOf } from './ops/draws.ts';
import { nearestHalf } from './reference/half.ts';
import { MODES, numbers } from './step.ts';
import { assertClose } from './tolerances.ts';

const test = suite('variable arenas, eager and jitted');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open();
});
test.after(() => engine.close());

/** None fills whole blocks of 128 but the third. */
const SIZES = [1, 7, 128, 130, 300];
type Step = (...tensors: ht.Tensor[]) => unknown;
type Run = (typeof MODES)[number]['run'];

/** Leaves NaN in all memory that small tensors and programs will be given. */
function poison(): void {
  const sizes = [64, 128, 192, 256, 320, 384, 512, 640, 768, 896, 1024, 1280, 2048, 4096];
  const tensors = sizes.flatMap((size) => Array.from({ length: 8 }, () => ht.full([size], Number.NaN)));
  for (const tensor of tensors) tensor.dispose();
}

const bits = async (of: ht.Tensor | ht.Variable) => [
  ...new Uint32Array(Float32Array.from(await of.data()).buffer),
];

/** Runs `body` in both modes; the bits of all that it returns must be the same. Gives the numbers. */
async function inBothModes(
  body: (run: Run) => Promise<readonly (ht.Tensor | ht.Variable)[]>,
): Promise<number[][]> {
  const found: number[][][] = [];
  let values: number[][] = [];
  for (const { run } of MODES) {
    poison();
    const results = await body(run);
    found.push(await Promise.all(results.map(bits)));
    values = await Promise.all(results.map(numbers));
  }
  assert.equal(found[1], found[0]);
  assert.ok(
    values.flat().every((value) => Number.isFinite(value)),
    'all are numbers',
  );
  return values;
}

function draws(name: string) {
  const random = randomOf(name);
  return (size: number, spread = 2) =>
    Array.from({ length: size }, () => Math.fround(spread * (random() - 0.5)));
}

const norm = (values: readonly number[]) => Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0));

const CLIPPINGS = {
  'no clipping': { options: {}, clip: (own: readonly number[]) => own },
  clipValue: {
    options: { clipValue: 0.25 },
    clip: (own: readonly number[]) => own.map((value) => Math.max(-0.25, Math.min(0.25, value))),
  },
  clipNorm: {
    options: { clipNorm: 1.5 },
    clip: (own: readonly number[]) => own.map((value) => (value * 1.5) / Math.max(norm(own), 1.5)),
  },
  globalClipNorm: {
    options: { globalClipNorm: 3 },
    clip: (own: readonly number[], all: readonly number[]) =>
      own.map((value) => (value * 3) / Math.max(norm(all), 3)),
  },
} as const;

/** dtypes of masters and of gradients. */
const DTYPES = [
  ['float32', 'float32'],
  ['float32', 'float16'],
  ['float16', 'float16'],
  ['float16', 'float32'],
] as const;

for (const [clipping, { options, clip }] of Object.entries(CLIPPINGS)) {
  for (const [master, gradient] of DTYPES) {
    test(`${clipping}, ${gradient} gradients of ${master} masters`, async () => {
      const draw = draws(`${clipping} ${master} ${gradient}`);
      const round = (dtype: ht.FloatDType) => (dtype === 'float16' ? nearestHalf : Math.fround);
      const starts = SIZES.map((size) => draw(size).map(round(master)));
      const gradients = Array.from({ length: 3 }, (_, step) =>
        SIZES.map((size) => draw(size, [4, 0.1, 2][step]).map(round(gradient))),
      );
      const values = await inBothModes(async (run) => {
        const variables = starts.map((own) => ht.variable(own, { dtype: master }));
        const copies = master === 'float32' ? variables.map((variable) => variable.read('float16')) : [];
        const optimizer = ht.optimizers.sgd({ learningRate: 0.5, ...options });
        const step = run((...own) =>
          optimizer.apply(
            own.map((g) => ht.mul(g, 1)),
            variables,
          ),
        );
        for (const own of gradients) {
          poison();
          step(...own.map((list) => ht.tensor(list, { dtype: gradient })));
        }
        return [...variables, ...copies];
      });
      const expected = starts.map((own, i) =>
        gradients.reduce((weights, step) => {
          const clipped = clip(step[i]!, step.flat());
          return weights.map((weight, k) => round(master)(weight - 0.5 * clipped[k]!));
        }, own),
      );
      for (const [i, own] of expected.entries()) {
        assertClose(values[i]!, own, { op: clipping, dtype: master, terms: SIZES[i]! });
        const copy = values[i + SIZES.length];
        if (copy) assert.equal(copy, values[i]!.map(nearestHalf));
      }
    });
  }
}

test('one global norm over arenas of two dtypes; statistics are neither clipped nor counted', async () => {
  const draw = draws('two arenas');
  const [starts, gradients] = [SIZES.map((size) => draw(size)), SIZES.map((size) => draw(size, 4))].map(
    (lists) => lists.map((own) => own.map(nearestHalf)),
  ) as [number[][], number[][]];
  const values = await inBothModes(async (run) => {
    const variables = starts.map((own, i) =>
      ht.variable(own, { dtype: i % 2 ? 'float16' : 'float32', overwriteWithGradient: i === 4 }),
    );
    const optimizer = ht.optimizers.sgd({ learningRate: 1, globalClipNorm: 2 });
    run((...own) => optimizer.apply(own, variables))(...gradients.map((own) => ht.tensor(own)));
    return variables;
  });
  const clipped = norm(gradients.slice(0, 4).flat());
  for (const [i, own] of gradients.entries()) {
    const expected = own.map((value, k) => (i === 4 ? value : starts[i]![k]! - (2 * value) / clipped));
    assertClose(values[i]!, expected, {
      op: 'globalClipNorm',
      dtype: i % 2 ? 'float16' : 'float32',
      terms: SIZES[i]!,
    });
  }
});

test('Adam on some variables, on others, on all: each is as if it were trained alone', async () => {
  const draw = draws('partial');
  const starts = SIZES.map((size) => draw(size));
  const chosen = [[0, 2, 3], [1], [4, 3, 2, 1, 0], [0, 4], [2], [1, 3]];
  const gradients = chosen.map((step) => step.map((i) => draw(SIZES[i]!)));
  const train = async (run: Run, apart: boolean) => {
    const variables = starts.map((own) => ht.variable(own));
    const optimizer = ht.optimizers.adam({ learningRate: 0.1, beta1: 0.8, beta2: 0.95 });
    // Variables that had their first step apart lie in arenas apart.
    if (apart)
      for (const variable of variables) {
        const first = ht.optimizers.sgd({ learningRate: 0 });
        first.applyGradients([[ht.zeros(variable.shape), variable]]);
      }
    const seen: ht.Tensor[] = [];
    for (const [index, step] of chosen.entries()) {
      const apply = run((...own) =>
        optimizer.applyGradients(own.map((gradient, i) => [gradient, variables[step[i]!]!] as const)),
      );
      poison();
      apply(...gradients[index]!.map((own) => ht.tensor(own)));
      if (index === 0) seen.push(...variables.map((variable) => ht.add(variable, 0)));
    }
    return [...variables, ...seen];
  };
  const together = await inBothModes((run) => train(run, false));
  assert.equal(await inBothModes((run) => train(run, true)), together);
  for (const [i, own] of starts.entries())
    assert.is(String(together[i + SIZES.length]) === String(own), !chosen[0]!.includes(i), `variable ${i}`);
});

/** Steps whose gradients come from somewhere else than a kernel of their own. */
const SOURCES: Readonly<Record<string, (variables: readonly ht.Variable[], apply: ht.Optimizer) => Step>> = {
  'one gradient of two variables':
    ([a, b], optimizer) =>
    (x) => {
      const shared = ht.mul(x!, 3);
      optimizer.apply([shared, shared], [a!, b!]);
      return shared;
    },
  'one gradient of two variables, seen through a view':
    ([a, b], optimizer) =>
    (x) => {
      const shared = ht.mul(x!, 3);
      const view = ht.reshape(ht.reshape(shared, [2, 65]), [130]);
      optimizer.apply([shared, view], [a!, b!]);
      return view;
    },
  'inputs of the function':
    ([a, b], optimizer) =>
    (x, y) =>
      optimizer.apply([x!, y!], [a!, b!]),
  'one input twice':
    ([a, b], optimizer) =>
    (x) =>
      optimizer.apply([x!, x!], [a!, b!]),
  'a gradient made of another':
    ([a, b], optimizer) =>
    (x) => {
      const first = ht.mul(x!, 2);
      const second = ht.square(first);
      optimizer.apply([first, second], [a!, b!]);
      return [first, second, ht.add(first, second)];
    },
  'the values of variables':
    ([a, b], optimizer) =>
    (x) => {
      optimizer.apply([b!.values, a!.values], [a!, b!]);
      return x;
    },
  'two steps with one gradient':
    ([a, b], optimizer) =>
    (x) => {
      const shared = ht.mul(x!, 0.5);
      optimizer.apply([shared], [a!]);
      optimizer.apply([shared, shared], [a!, b!]);
      return shared;
    },
};

for (const [name, build] of Object.entries(SOURCES)) {
  test(`gradients: ${name}`, async () => {
    const draw = draws(name);
    const [starts, batches] = [
      [draw(130), draw(130)],
      Array.from({ length: 3 }, () => [draw(130), draw(130)]),
    ];
    await inBothModes(async (run) => {
      const variables = starts.map((own) => ht.variable(own));
      const optimizer = ht.optimizers.sgd({ learningRate: 0.25, momentum: 0.5, globalClipNorm: 5 });
      const step = run(build(variables, optimizer));
      const seen: unknown[] = [];
      for (const own of [...batches, batches[2]!]) seen.push(step(...own.map((values) => ht.tensor(values))));
      const tensors = seen.flat().filter((one): one is ht.Tensor => one instanceof ht.Tensor);
      return [...variables, ...tensors];
    });
  });
}

test('a model trained in float32 whose copies come late, two optimizers, gradients over micro-batches', async () => {
  const draw = draws('late');
  const starts = SIZES.map((size) => draw(size));
  const batches = Array.from({ length: 4 }, () => draw(2));
  const values = await inBothModes(async (run) => {
    const variables = starts.map((own) => ht.variable(own));
    const gathered = SIZES.map((size) => ht.variable(new Float32Array(size), { trainable: false }));
    const [adam, momentum] = [
      ht.optimizers.adam({ learningRate: 0.05 }),
      ht.optimizers.sgd({ learningRate: 0.05, momentum: 0.9, clipNorm: 1 }),
    ];
    const step = run((batch) => {
      for (const variable of gathered) variable.assign(ht.zeros(variable.shape));
      for (const at of [0, 1]) {
        const factor = ht.slice(batch!, [at], [1]);
        const tape = new ht.GradientTape();
        const loss = tape.record(() =>
          variables
            .map((variable) => ht.mean(ht.square(ht.mul(variable, factor))))
            .reduce((a, b) => ht.add(a, b)),
        );
        for (const [i, gradient] of tape.gradient(loss, variables).entries())
          gathered[i]!.assign(ht.add(gathered[i]!, gradient));
      }
      adam.apply(
        gathered.map(({ values: sum }) => ht.mul(sum, 0.5)),
        variables,
      );
      momentum.apply(
        gathered.map(({ values: sum }) => sum),
        variables,
      );
    });
    for (const batch of batches.slice(0, 2)) step(ht.tensor(batch));
    const copies = variables.map((variable) => variable.read('float16'));
    for (const batch of batches.slice(2)) step(ht.tensor(batch));
    return [...variables, ...copies];
  });
  for (const [i] of SIZES.entries())
    assert.equal(values[i + SIZES.length], values[i]!.map(nearestHalf), `the copy of variable ${i}`);
});
