/** ONNX Runtime, native code on the CPU with its default threads: the mark that a processor can reach. */
import { gemmInputs } from './inputs.ts';
import { productModel } from './onnx.ts';
import { load } from './packages.ts';
import type { Case, GemmProblem, Peer } from './peer.ts';

interface Tensor {
  readonly data: Float32Array;
}
interface Session {
  run(feeds: { a: Tensor; b: Tensor }): Promise<{ c: Tensor }>;
  release(): Promise<void>;
}
interface OrtNode {
  readonly InferenceSession: {
    create(model: Uint8Array, options: { executionProviders: string[] }): Promise<Session>;
  };
  readonly Tensor: new (type: 'float32', data: Float32Array, dims: readonly number[]) => Tensor;
}

export async function openPeer(): Promise<Peer> {
  const ort = load<OrtNode>('onnxruntime-node');
  return {
    // On a CPU its products of halves are products of floats between two conversions.
    gemm: async (problem) => (problem.storage === 'f32' ? gemm(ort, problem) : undefined),
    close() {},
  };
}

async function gemm({ InferenceSession, Tensor }: OrtNode, problem: GemmProblem): Promise<Case> {
  const { a, b, aShape, bShape } = gemmInputs(problem);
  const session = await InferenceSession.create(productModel(problem), { executionProviders: ['cpu'] });
  const feeds = { a: new Tensor('float32', a, aShape), b: new Tensor('float32', b, bShape) };
  return {
    async run(times) {
      for (let time = 0; time < times; time++) await session.run(feeds);
    },
    result: async () => (await session.run(feeds)).c.data,
    dispose: () => void session.release(),
  };
}
