/** ONNX Runtime Web on WebGPU: products of matrices that stay on the GPU; it does not train. */
import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { fromHalves, toHalves } from '../../src/values/half.ts';
import { type Dawn, openDawn } from './dawn.ts';
import { gemmInputs } from './inputs.ts';
import { productModel } from './onnx.ts';
import { fileBeside, load } from './packages.ts';
import type { Case, GemmProblem, OpenPeerOptions, Peer } from './peer.ts';

interface Tensor {
  getData(): Promise<ArrayBufferView<ArrayBuffer>>;
  dispose(): void;
}
interface Session {
  run(feeds: { a: Tensor; b: Tensor }): Promise<{ c: Tensor }>;
  release(): Promise<void>;
}
interface OrtWeb {
  readonly env: {
    logLevel: string;
    readonly wasm: { wasmBinary: Uint8Array; numThreads: number };
    readonly webgpu: { readonly device: Promise<GPUDevice> };
  };
  readonly InferenceSession: {
    create(model: Uint8Array, options: SessionOptions): Promise<Session>;
  };
  readonly Tensor: {
    fromGpuBuffer(buffer: GPUBuffer, options: { dataType: string; dims: readonly number[] }): Tensor;
  };
}
interface SessionOptions {
  executionProviders: string[];
  preferredOutputLocation: 'gpu-buffer';
}

const PACKAGE = 'onnxruntime-web/webgpu';
/**
 * Some of its functions are so large that V8's optimizing compiler works on them for minutes, on two cores, whoever is
 * being measured. They are host code only; V8's first compiler does, and the products are quicker for the free cores.
 */
const FIRST_COMPILER_ONLY = '--wasm-tiering-budget=1000000000';

export async function openPeer(options: OpenPeerOptions): Promise<Peer> {
  setFlagsFromString(FIRST_COMPILER_ONLY);
  const dawn = await openDawn(options);
  copySharedWrites();
  const ort = load<OrtWeb>(PACKAGE);
  ort.env.logLevel = 'error';
  ort.env.wasm.numThreads = 1; // the threads are for its CPU kernels
  ort.env.wasm.wasmBinary = readFileSync(fileBeside(PACKAGE, 'ort-wasm-simd-threaded.asyncify.wasm'));
  return {
    adapter: dawn.adapter,
    gemm: (problem) => gemm(ort, dawn, problem),
    close() {},
  };
}

/** Its memory is a SharedArrayBuffer, which Dawn's binding does not write from. */
function copySharedWrites(): void {
  const { prototype } = GPUQueue;
  const write = prototype.writeBuffer;
  prototype.writeBuffer = function (buffer, bufferOffset, data, dataOffset, size) {
    if (!ArrayBuffer.isView(data) || !(data.buffer instanceof SharedArrayBuffer)) {
      return write.call(this, buffer, bufferOffset, data as GPUAllowSharedBufferSource, dataOffset, size);
    }
    const element = 'BYTES_PER_ELEMENT' in data ? Number(data.BYTES_PER_ELEMENT) : 1;
    const start = data.byteOffset + (dataOffset ?? 0) * element;
    const end = size === undefined ? data.byteOffset + data.byteLength : start + size * element;
    return write.call(this, buffer, bufferOffset, new Uint8Array(data.buffer).slice(start, end));
  };
}

async function gemm(ort: OrtWeb, { wait }: Dawn, problem: GemmProblem): Promise<Case> {
  const { storage } = problem;
  const inputs = gemmInputs(problem);
  const session = await ort.InferenceSession.create(productModel(problem), {
    executionProviders: ['webgpu'],
    preferredOutputLocation: 'gpu-buffer',
  });
  const device = await ort.env.webgpu.device;
  const buffers: GPUBuffer[] = [];
  function upload(values: Float32Array, dims: readonly number[]): Tensor {
    const data = storage === 'f32' ? values : toHalves(values);
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
    const size = Math.ceil(data.byteLength / 16) * 16;
    const buffer = device.createBuffer({ size, usage, mappedAtCreation: true });
    new Uint8Array(buffer.getMappedRange()).set(new Uint8Array(data.buffer));
    buffer.unmap();
    buffers.push(buffer);
    return ort.Tensor.fromGpuBuffer(buffer, { dataType: storage === 'f32' ? 'float32' : 'float16', dims });
  }
  const feeds = { a: upload(inputs.a, inputs.aShape), b: upload(inputs.b, inputs.bShape) };

  async function product(times: number): Promise<ArrayBufferView<ArrayBuffer>> {
    let c: Tensor | undefined;
    for (let time = 0; time < times; time++) {
      c?.dispose();
      ({ c } = await wait(session.run(feeds)));
    }
    const data = await wait(c!.getData());
    c!.dispose();
    return data;
  }

  return {
    run: async (times) => void (await product(times)),
    async result() {
      const { buffer, byteOffset, byteLength } = await product(1);
      if (storage === 'f32') return new Float32Array(buffer, byteOffset, byteLength / 4);
      return fromHalves(new Uint16Array(buffer, byteOffset, byteLength / 2));
    },
    dispose() {
      for (const buffer of buffers) buffer.destroy();
      void session.release();
    },
  };
}
