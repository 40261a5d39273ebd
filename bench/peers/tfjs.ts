/** TensorFlow.js: eager ops and `optimizer.minimize`, on WebGPU or as WebAssembly. */
import { awaitPlainly, type Dawn, openDawn } from './dawn.ts';
import { gemmInputs, stepInputs } from './inputs.ts';
import { load } from './packages.ts';
import {
  ADAM,
  type Case,
  CHECKED_STEPS,
  type GemmProblem,
  type OpenPeerOptions,
  type Peer,
  type StepProblem,
} from './peer.ts';

interface Tensor {
  data(): Promise<Float32Array>;
  dispose(): void;
}
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
interface Tfjs {
  setBackend(name: string): Promise<boolean>;
  ready(): Promise<void>;
  tensor(values: Float32Array, shape: readonly number[]): Tensor;
  variable(initial: Tensor): Tensor;
  matMul(a: Tensor, b: Tensor, transposeA: boolean, transposeB: boolean): Tensor;
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
