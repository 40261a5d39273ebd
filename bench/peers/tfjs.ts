/** TensorFlow.js: eager ops and `optimizer.minimize`, on WebGPU or as WebAssembly. */
import { awaitPlainly, type Dawn, openDawn } from './dawn.ts';
import { gemmInputs, opInputs, stepInputs } from './inputs.ts';
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
import { type Tensor, TFJS_OPS, type TfjsOps } from './tfjs-ops.ts';

interface FusedMatMul {
  a: Tensor;
  b: Tensor;
  bias: Tensor;
  activation: 'linear' | 'relu';
}
interface Optimizer {
  minimize(loss: () => Tensor, returnCost: true, variables: Tensor[]): Tensor;
  dispose(): void;
}
interface Tfjs extends TfjsOps {
  setBackend(name: string): Promise<boolean>;
  ready(): Promise<void>;
  tensor(values: Float32Array | Int32Array, shape: readonly number[], dtype?: 'int32'): Tensor;
  variable(initial: Tensor): Tensor;
  readonly fused: { matMul(options: FusedMatMul): Tensor };
  readonly losses: { softmaxCrossEntropy(oneHot: Tensor, logits: Tensor): Tensor };
  readonly train: { adam(rate: number, beta1: number, beta2: number, epsilon: number): Optimizer };
}

export async function openPeer(options: OpenPeerOptions): Promise<Peer> {
  const { backend } = options;
  const dawn = backend === 'webgpu' ? await openDawn(options) : undefined;
  const tf = load<Tfjs>('@tensorflow/tfjs-core');
  load('@tensorflow/tfjs-layers'); // the gradients call methods of tensors that this package adds
  load(`@tensorflow/tfjs-backend-${backend}`);
  if (!(await tf.setBackend(backend))) throw new Error(`tfjs has no backend ${backend} here`);
  await tf.ready();
  const wait = dawn?.wait ?? awaitPlainly;
  return {
    ...(dawn && { adapter: dawn.adapter }),
    gemm: async (problem) => (problem.storage === 'f32' ? gemm(tf, wait, problem) : undefined),
    step: async (problem) => step(tf, wait, problem),
    op: async (problem) => (problem.storage === 'f32' ? op(tf, wait, problem) : undefined),
    close() {},
  };
}

function gemm(tf: Tfjs, wait: Dawn['wait'], problem: GemmProblem): Case {
  const inputs = gemmInputs(problem);
  const a = tf.tensor(inputs.a, inputs.aShape);
  const b = tf.tensor(inputs.b, inputs.bShape);
  async function product(times: number): Promise<Float32Array> {
    let c: Tensor | undefined;
    for (let time = 0; time < times; time++) {
      c?.dispose();
      c = tf.matMul(a, b, problem.layout === 'TN', problem.layout === 'NT');
    }
    const data = await wait(c!.data());
    c!.dispose();
    return data;
  }
  return {
    run: async (times) => void (await product(times)),
    result: () => product(1),
    dispose() {
      a.dispose();
      b.dispose();
    },
  };
}

function op(tf: Tfjs, wait: Dawn['wait'], problem: OpProblem): Case | undefined {
  const fn = TFJS_OPS[problem.name];
  if (!fn) return undefined;
  const data = opInputs(problem);
  const inputs = problem.inputs.map(({ shape, classes }, index) =>
    tf.tensor(data[index]!, shape, classes ? 'int32' : undefined),
  );
  const channels = problem.inputs[0]!.shape.at(-1)!;
  const once = () => tf.tidy(() => fn(tf, inputs, [3, 3, channels, channels]));
  async function last(times: number): Promise<Float32Array[]> {
    let results: Tensor[] = [];
    for (let time = 0; time < times; time++) {
      for (const result of results) result.dispose();
      results = once();
    }
    const parts: Float32Array[] = [];
    for (const result of results) {
      parts.push(await wait(result.data()));
      result.dispose();
    }
    return parts;
  }
  return {
    // Reading one result waits for all: they are computed in order.
    async run(times) {
      for (let time = 1; time < times; time++) for (const result of once()) result.dispose();
      const results = once();
      await wait(smallest(results).data());
      for (const result of results) result.dispose();
    },
    result: async () => Float32Array.from((await last(1)).flatMap((part) => [...part])),
    dispose() {
      for (const input of inputs) input.dispose();
    },
  };
}

/** What costs least to read. */
function smallest(results: readonly Tensor[]): Tensor {
  const size = ({ shape }: Tensor) => shape.reduce((a, b) => a * b, 1);
  return results.reduce((a, b) => (size(b) < size(a) ? b : a));
}

function step(tf: Tfjs, wait: Dawn['wait'], problem: StepProblem): Case {
  const { batch, widths } = problem;
  const { x: images, oneHot, layers } = stepInputs(problem);
  const x = tf.tensor(images, [batch, widths[0]!]);
  const y = tf.tensor(oneHot, [batch, widths.at(-1)!]);
  const dense = layers.map(({ inputs, outputs, kernel, bias }) => ({
    b: tf.variable(tf.tensor(kernel, [inputs, outputs])),
    bias: tf.variable(tf.tensor(bias, [outputs])),
  }));
  const variables = dense.flatMap(({ b, bias }) => [b, bias]);
  const optimizer = tf.train.adam(ADAM.learningRate, ADAM.beta1, ADAM.beta2, ADAM.epsilon);

  function loss(): Tensor {
    let output = x;
    for (const layer of dense) {
      output = tf.fused.matMul({
        a: output,
        ...layer,
        activation: layer === dense.at(-1) ? 'linear' : 'relu',
      });
    }
    return tf.losses.softmaxCrossEntropy(y, output);
  }

  /** The last update ends after the last loss: reading a weight waits for it too. */
  async function train(times: number): Promise<number> {
    let cost: Tensor | undefined;
    for (let time = 0; time < times; time++) {
      cost?.dispose();
      cost = optimizer.minimize(loss, true, variables);
      await wait(cost.data()); // no slower than letting steps pile up
    }
    const [value] = await wait(cost!.data());
    cost!.dispose();
    await wait(variables.at(-1)!.data());
    return value!;
  }

  return {
    run: async (times) => void (await train(times)),
    async result() {
      const losses = new Float32Array(CHECKED_STEPS);
      for (const index of losses.keys()) losses[index] = await train(1);
      return losses;
    },
    dispose() {
      for (const tensor of [x, y, ...variables]) tensor.dispose();
      optimizer.dispose();
    },
  };
}
