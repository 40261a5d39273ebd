/** What TensorFlow's optimizer has drawn into one node behind a product: bias, sum, normalisation, activation. */
import type { Tensor } from '../../../autograd/tensor.ts';
import { ACTIVATIONS, type Activation } from '../../../kernels/gemm/problem.ts';
import { add } from '../../../ops/add.ts';
import { batchNormalization } from '../../../ops/batch-normalization.ts';
import { elu } from '../../../ops/elu.ts';
import { leakyRelu } from '../../../ops/leaky-relu.ts';
import { prelu } from '../../../ops/prelu.ts';
import { relu } from '../../../ops/relu.ts';
import { relu6 } from '../../../ops/relu6.ts';
import { sigmoid } from '../../../ops/sigmoid.ts';
import { tanh } from '../../../ops/tanh.ts';
import { FormatError } from '../../../values/errors.ts';
import type { OpCall } from '../op-call.ts';

/** What a product of ours does by itself. */
export interface Epilogue {
  readonly bias?: Tensor;
  readonly activation?: Activation;
}

/** Steps behind a product; `next` gives the inputs that are left, in their order. */
const STEPS: Readonly<Record<string, (y: Tensor, next: () => Tensor, n: OpCall) => Tensor>> = {
  Add: (y, next) => add(y, next()),
  BiasAdd: (y, next) => add(y, next()),
  Elu: (y) => elu(y),
  FusedBatchNorm: (y, next, { attributes }) => {
    const [gamma, beta, mean, variance] = [next(), next(), next(), next()];
    return batchNormalization(y, { gamma, beta, mean, variance, epsilon: attributes.float('epsilon', 1e-4) });
  },
  LeakyRelu: (y, _, { attributes }) => leakyRelu(y, attributes.float('leakyrelu_alpha', 0.2)),
  Prelu: (y, next) => prelu(y, next()),
  Relu: (y) => relu(y),
  Relu6: (y) => relu6(y),
  Sigmoid: (y) => sigmoid(y),
  Tanh: (y) => tanh(y),
};

/** An activation that a product applies by itself, by TensorFlow's name. */
const activationOf = (step: string | undefined): Activation | undefined =>
  ACTIVATIONS.find((name) => name === step?.toLowerCase());

/**
 * `product`, and behind it the steps of attribute `fused_ops` on the inputs from `first` on: what `product` can do in the same
 * pass it is given.
 */
export function fused(n: OpCall, first: number, product: (epilogue: Epilogue) => Tensor): Tensor {
  const steps = [...n.attributes.strings('fused_ops')];
  const unknown = steps.filter((step) => !Object.hasOwn(STEPS, step));
  if (unknown.length > 0) throw new FormatError(`fused_ops: ${unknown.join(', ')} are not known`);
  let at = first;
  const next = () => n.tensor(at++);
  const epilogue: { bias?: Tensor; activation?: Activation } = {};
  if (steps[0] === 'BiasAdd') {
    epilogue.bias = next();
    steps.shift();
  }
  const activation = activationOf(steps[0]);
  if (activation) {
    epilogue.activation = activation;
    steps.shift();
  }
  return steps.reduce((y, step) => STEPS[step]!(y, next, n), product(epilogue));
}
