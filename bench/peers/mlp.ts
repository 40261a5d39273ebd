/** The step's reference: the same MLP and Adam in plain f64 loops. */
import { type LayerInputs, stepInputs } from './inputs.ts';
import { ADAM, CHECKED_STEPS, type StepProblem } from './peer.ts';

/** A weight with Adam's moments. */
class Parameter {
  readonly value: Float64Array;
  readonly #m: Float64Array;
  readonly #v: Float64Array;

  constructor(initial: Float32Array) {
    this.value = Float64Array.from(initial);
    this.#m = new Float64Array(initial.length);
    this.#v = new Float64Array(initial.length);
  }

  update(gradient: Float64Array, step: number): void {
    const { learningRate, beta1, beta2, epsilon } = ADAM;
    for (const [i, g] of gradient.entries()) {
      this.#m[i] = beta1 * this.#m[i]! + (1 - beta1) * g;
      this.#v[i] = beta2 * this.#v[i]! + (1 - beta2) * g * g;
      const m = this.#m[i]! / (1 - beta1 ** step);
      const v = this.#v[i]! / (1 - beta2 ** step);
      this.value[i]! -= (learningRate * m) / (Math.sqrt(v) + epsilon);
    }
  }
}

class Dense {
  readonly kernel: Parameter;
  readonly bias: Parameter;
  readonly #inputs: number;
  readonly #outputs: number;

  constructor({ inputs, outputs, kernel, bias }: LayerInputs) {
    this.#inputs = inputs;
    this.#outputs = outputs;
    this.kernel = new Parameter(kernel);
    this.bias = new Parameter(bias);
  }

  forward(x: Float64Array, relu: boolean): Float64Array {
    const batch = x.length / this.#inputs;
    const y = new Float64Array(batch * this.#outputs);
    for (let row = 0; row < batch; row++) {
      const out = y.subarray(row * this.#outputs, (row + 1) * this.#outputs);
      out.set(this.bias.value);
      for (let i = 0; i < this.#inputs; i++) addScaled(out, x[row * this.#inputs + i]!, this.#row(i));
    }
    return relu ? y.map((value) => Math.max(value, 0)) : y;
  }

  /** Updates the layer; gives the gradient by its input. */
  backward(x: Float64Array, dy: Float64Array, step: number): Float64Array {
    const batch = x.length / this.#inputs;
    const dx = new Float64Array(x.length);
    const dKernel = new Float64Array(this.kernel.value.length);
    const dBias = new Float64Array(this.#outputs);
    for (let row = 0; row < batch; row++) {
      const g = dy.subarray(row * this.#outputs, (row + 1) * this.#outputs);
      addScaled(dBias, 1, g);
      for (let i = 0; i < this.#inputs; i++) {
        const at = row * this.#inputs + i;
        addScaled(dKernel.subarray(i * this.#outputs, (i + 1) * this.#outputs), x[at]!, g);
        dx[at] = dot(this.#row(i), g);
      }
    }
    this.kernel.update(dKernel, step);
    this.bias.update(dBias, step);
    return dx;
  }

  #row(i: number): Float64Array {
    return this.kernel.value.subarray(i * this.#outputs, (i + 1) * this.#outputs);
  }
}

/** Losses of the first steps, each before its update. */
export function train(problem: StepProblem): readonly number[] {
  const { x, labels, layers: initial } = stepInputs(problem);
  const layers = initial.map((layer) => new Dense(layer));
  return Array.from({ length: CHECKED_STEPS }, (_, index) => {
    const activations: Float64Array[] = [Float64Array.from(x)];
    for (const [at, layer] of layers.entries()) {
      activations.push(layer.forward(activations[at]!, at < layers.length - 1));
    }
    const { loss, gradient } = crossEntropy(activations.at(-1)!, labels);
    let dy: Float64Array = gradient;
    for (const [at, layer] of [...layers.entries()].reverse()) {
      const dx = layer.backward(activations[at]!, dy, index + 1);
      dy = dx.map((value, i) => (activations[at]![i]! > 0 ? value : 0));
    }
    return loss;
  });
}

function crossEntropy(logits: Float64Array, labels: Int32Array): { loss: number; gradient: Float64Array } {
  const classes = logits.length / labels.length;
  const gradient = new Float64Array(logits.length);
  let loss = 0;
  for (const [row, label] of labels.entries()) {
    const z = logits.subarray(row * classes, (row + 1) * classes);
    const top = Math.max(...z);
    const sum = z.reduce((total, value) => total + Math.exp(value - top), 0);
    loss += (Math.log(sum) + top - z[label]!) / labels.length;
    for (const [i, value] of z.entries()) {
      const p = Math.exp(value - top) / sum;
      gradient[row * classes + i] = (p - (i === label ? 1 : 0)) / labels.length;
    }
  }
  return { loss, gradient };
}

function addScaled(to: Float64Array, factor: number, from: Float64Array): void {
  if (factor === 0) return;
  for (let i = 0; i < to.length; i++) to[i]! += factor * from[i]!;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
