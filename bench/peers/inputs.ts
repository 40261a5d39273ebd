/** The inputs of every case, the same numbers in every process. */
import type { GemmProblem, OpProblem, StepProblem } from './peer.ts';

/** Whole 64ths in [-1, 1]: f16 holds them, and f32 the sums of up to 4096 of their products, exactly. */
export function values(seed: number, count: number): Float32Array {
  const result = new Float32Array(count);
  for (let index = 0; index < count; index++) result[index] = (word(seed, index) % 129) / 64 - 1;
  return result;
}

export interface GemmInputs {
  readonly a: Float32Array;
  readonly b: Float32Array;
  /** As they are stored. */
  readonly aShape: [number, number];
  readonly bShape: [number, number];
}

export function gemmInputs({ m, k, n, layout }: GemmProblem): GemmInputs {
  return {
    a: values(1, m * k),
    b: values(2, k * n),
    aShape: layout === 'TN' ? [k, m] : [m, k],
    bShape: layout === 'NT' ? [n, k] : [k, n],
  };
}

/** In the order of the problem's inputs. */
export function opInputs({ inputs }: OpProblem): (Float32Array | Int32Array)[] {
  return inputs.map(({ shape, classes }, index) => {
    const size = shape.reduce((a, b) => a * b, 1);
    if (!classes) return values(30 + index, size);
    return Int32Array.from({ length: size }, (_, at) => word(30 + index, at) % classes);
  });
}

export interface LayerInputs {
  readonly inputs: number;
  readonly outputs: number;
  /** (inputs, outputs) */
  readonly kernel: Float32Array;
  readonly bias: Float32Array;
}

export interface StepInputs {
  /** (batch, widths[0]) */
  readonly x: Float32Array;
  readonly labels: Int32Array;
  /** (batch, classes) */
  readonly oneHot: Float32Array;
  /** Initial weights: uniform as by He, zero biases. */
  readonly layers: readonly LayerInputs[];
}

export function stepInputs({ batch, widths }: StepProblem): StepInputs {
  const classes = widths.at(-1)!;
  const labels = Int32Array.from({ length: batch }, (_, row) => word(4, row) % classes);
  const oneHot = new Float32Array(batch * classes);
  for (const [row, label] of labels.entries()) oneHot[row * classes + label] = 1;
  const layers = widths.slice(1).map((outputs, index) => {
    const inputs = widths[index]!;
    const limit = Math.sqrt(6 / inputs);
    const kernel = values(10 + index, inputs * outputs).map((value) => value * limit);
    return { inputs, outputs, kernel, bias: new Float32Array(outputs) };
  });
  return { x: values(3, batch * widths[0]!), labels, oneHot, layers };
}

/** 31 random bits: the finalizer of MurmurHash3 over seed and index. */
function word(seed: number, index: number): number {
  let x = Math.imul(seed, 0x9e3779b1) ^ index;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 1;
}
