/** jax-js: `jit`, `valueAndGrad` and Adam written in it, on WebGPU or as WebAssembly. */
import { fromHalves, toHalves } from '../../src/values/half.ts';
import { awaitPlainly, type Dawn, openDawn } from './dawn.ts';
import { gemmInputs, opInputs, stepInputs } from './inputs.ts';
import { JAX_OPS, type JaxOps, type Lie, type Value } from './jax-ops.ts';
import { load } from './packages.ts';
import {
  ADAM,
  type Case,
  CHECKED_STEPS,
  type GemmProblem,
  type OpenPeerOptions,
  type OpProblem,
  type Peer,
  type StepProblem,
} from './peer.ts';

type Tree = Value | readonly Tree[];
interface Jax extends Omit<JaxOps, 'numpy' | 'nn'> {
  init(device: string): Promise<string[]>;
  defaultDevice(device: string): void;
  jit<A extends readonly Tree[], R extends Tree>(f: (...args: A) => R): (...args: A) => R;
  valueAndGrad<A extends readonly Tree[]>(f: (...args: A) => Value): (...args: A) => [Value, A[0]];
  blockUntilReady(tree: Tree): Promise<unknown>;
  readonly numpy: JaxOps['numpy'] & {
    array(values: ArrayBufferView, options: { shape: readonly number[] }): Value;
    matmul(a: Value, b: Value): Value;
    matrixTranspose(a: Value): Value;
    sqrt(a: Value): Value;
  };
  readonly nn: JaxOps['nn'] & { relu(x: Value): Value; logSoftmax(x: Value): Value };
}

export async function openPeer(options: OpenPeerOptions): Promise<Peer> {
  const { backend } = options;
  const dawn = backend === 'webgpu' ? await openDawn(options) : undefined;
  // Node 20 has no such class; jax-js asks only whether an array is one, and makes them of a buffer.
  if (!('Float16Array' in globalThis))
    Object.assign(globalThis, { Float16Array: class extends Uint16Array {} });
  const jax = load<Jax>('@jax-js/jax');
  if (!(await jax.init(backend)).includes(backend)) throw new Error(`jax-js has no backend ${backend} here`);
  jax.defaultDevice(backend);
  const wait = dawn?.wait ?? awaitPlainly;
  const f16 = backend === 'webgpu';
  return {
    ...(dawn && { adapter: dawn.adapter }),
    gemm: async (problem) => (problem.storage === 'f32' || f16 ? gemm(jax, wait, problem) : undefined),
    step: async (problem) => step(jax, wait, problem),
    op: async (problem) => (problem.storage === 'f32' || f16 ? op(jax, wait, problem) : undefined),
    close() {},
  };
}

function toStorage(values: Float32Array, storage: GemmProblem['storage']): ArrayBufferView {
  if (storage === 'f32') return values;
  const { Float16Array } = globalThis as unknown as {
    Float16Array: new (buffer: ArrayBuffer) => ArrayBufferView;
  };
  return new Float16Array(toHalves(values).buffer as ArrayBuffer);
}

function fromStorage({ buffer, byteOffset, byteLength }: ArrayBufferView, storage: string): Float32Array {
  if (storage === 'f32') return new Float32Array(buffer, byteOffset, byteLength / 4);
  return fromHalves(new Uint16Array(buffer, byteOffset, byteLength / 2));
}

function gemm(jax: Jax, wait: Dawn['wait'], problem: GemmProblem): Case {
  const { array, matmul, matrixTranspose } = jax.numpy;
  const { storage } = problem;
  const inputs = gemmInputs(problem);
  const a = array(toStorage(inputs.a, storage), { shape: inputs.aShape });
  const b = array(toStorage(inputs.b, storage), { shape: inputs.bShape });
  const product = jax.jit((a: Value, b: Value) => {
    if (problem.layout === 'TN') return matmul(matrixTranspose(a), b);
    return matmul(a, problem.layout === 'NT' ? matrixTranspose(b) : b);
  });
  // Arrays are lazy: a product that nobody waits for is never computed.
  async function once(): Promise<Value> {
    const c = product(a.ref, b.ref);
    await wait(c.blockUntilReady());
    return c;
  }
  return {
    async run(times) {
      for (let time = 1; time < times; time++) (await once()).dispose();
      await wait(product(a.ref, b.ref).data());
    },
    result: async () => fromStorage(await wait(product(a.ref, b.ref).data()), storage),
    dispose() {
      a.dispose();
      b.dispose();
    },
  };
}

const AXES: Readonly<Record<Lie, readonly [to: readonly number[], back: readonly number[]]>> = {
  plain: [[], []],
  image: [
    [0, 3, 1, 2],
    [0, 2, 3, 1],
  ],
  filter: [
    [3, 2, 0, 1],
    [2, 3, 1, 0],
  ],
  'own filter': [
    [2, 3, 0, 1],
    [2, 3, 0, 1],
  ],
};

/** `values` of this shape with its axes in another order; the shape too. */
function turned<T extends Float32Array | Int32Array>(
  values: T,
  shape: readonly number[],
  order: readonly number[],
): { values: T; shape: readonly number[] } {
  if (order.length === 0) return { values, shape };
  const sizes = order.map((axis) => shape[axis]!);
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const result = values.slice() as T;
  const index = sizes.map(() => 0);
  for (let at = 0; at < values.length; at++) {
    result[at] = values[index.reduce((sum, own, axis) => sum + own * strides[order[axis]!]!, 0)]!;
    for (let axis = index.length - 1; axis >= 0 && ++index[axis]! === sizes[axis]; axis--) index[axis] = 0;
  }
  return { values: result, shape: sizes };
}

function op(jax: Jax, wait: Dawn['wait'], problem: OpProblem): Case | undefined {
  const own = JAX_OPS[problem.name];
  if (!own) return undefined;
  const { storage } = problem;
  const data = opInputs(problem);
  const inputs = problem.inputs.map(({ shape, dtype, classes }, index) => {
    const placed = turned(data[index]!, shape, AXES[own.inputs[index]!][0]);
    const values =
      classes || dtype ? placed.values : toStorage(placed.values as Float32Array, storage as 'f32' | 'f16');
    return jax.numpy.array(values, { shape: placed.shape });
  });
  const run = jax.jit((...values: Value[]) => own.run(jax, values) as Value[]);
  async function once(): Promise<Value[]> {
    const results = run(...inputs.map((input) => input.ref));
    await wait(jax.blockUntilReady(results));
    return results;
  }
  return {
    async run(times) {
      for (let time = 0; time < times; time++) for (const result of await once()) result.dispose();
    },
    async result() {
      const parts: Float32Array[] = [];
      for (const [index, result] of (await once()).entries()) {
        const { shape } = result;
        const wide = isWide(result);
        const values = fromStorage(await wait(result.data()), wide ? 'f32' : storage);
        parts.push(turned(values, shape, AXES[own.results[index]!][1]).values);
      }
      return Float32Array.from(parts.flatMap((part) => [...part]));
    },
    dispose() {
      for (const input of inputs) input.dispose();
    },
  };
}

function isWide(value: Value): boolean {
  return value.dtype === 'float32';
}

type State = [parameters: Value[], means: Value[], squares: Value[], powers: Value[]];

function step(jax: Jax, wait: Dawn['wait'], problem: StepProblem): Case {
  const { array, matmul, sqrt } = jax.numpy;
  const { batch, widths } = problem;
  const { x: images, oneHot, layers } = stepInputs(problem);
  const { learningRate, beta1, beta2, epsilon } = ADAM;
  const x = array(images, { shape: [batch, widths[0]!] });
  const y = array(oneHot, { shape: [batch, widths.at(-1)!] });

  function loss(parameters: Value[], x: Value, y: Value): Value {
    let output = x;
    for (const index of layers.keys()) {
      output = matmul(output, parameters[2 * index]!).add(parameters[2 * index + 1]!);
      if (index < layers.length - 1) output = jax.nn.relu(output);
    }
    return jax.nn
      .logSoftmax(output)
      .mul(y)
      .sum()
      .mul(-1 / batch);
  }

  const update = jax.jit((state: State, x: Value, y: Value): [Value, State] => {
    const [parameters, means, squares, [power1, power2]] = state;
    const kept = parameters.map((parameter) => parameter.ref);
    const [cost, gradients] = jax.valueAndGrad(loss)(parameters, x, y);
    const powers = [power1!.mul(beta1), power2!.mul(beta2)];
    const next: State = [[], [], [], powers];
    for (const [index, gradient] of gradients.entries()) {
      const mean = means[index]!.mul(beta1).add(gradient.ref.mul(1 - beta1));
      const square = squares[index]!.mul(beta2).add(gradient.ref.mul(gradient).mul(1 - beta2));
      const unbiased = mean.ref.div(powers[0]!.ref.mul(-1).add(1));
      const root = sqrt(square.ref.div(powers[1]!.ref.mul(-1).add(1)));
      next[0].push(kept[index]!.sub(unbiased.mul(learningRate).div(root.add(epsilon))));
      next[1].push(mean);
      next[2].push(square);
    }
    return [cost, next];
  });

  const shapes = layers.flatMap(({ inputs, outputs }) => [[inputs, outputs], [outputs]]);
  const zeros = () =>
    shapes.map((shape) => array(new Float32Array(shape.reduce((a, b) => a * b)), { shape }));
  let state: State = [
    layers
      .flatMap(({ kernel, bias }) => [kernel, bias])
      .map((data, at) => array(data, { shape: shapes[at]! })),
    zeros(),
    zeros(),
    [1, 1].map((one) => array(Float32Array.of(one), { shape: [] })),
  ];

  // The last state depends on every step before it: waiting for all of it leaves nothing out.
  async function train(times: number): Promise<number> {
    let cost: Value | undefined;
    for (let time = 0; time < times; time++) {
      cost?.dispose();
      [cost, state] = update(state, x.ref, y.ref);
      await wait(cost.blockUntilReady()); // quicker here than letting steps pile up
    }
    await wait(jax.blockUntilReady(state));
    return fromStorage(await wait(cost!.data()), 'f32')[0]!;
  }

  return {
    run: async (times) => void (await train(times)),
    async result() {
      const losses = new Float32Array(CHECKED_STEPS);
      for (const index of losses.keys()) losses[index] = await train(1);
      return losses;
    },
    dispose() {
      for (const value of [x, y, ...state.flat()]) value.dispose();
    },
  };
}
