/** Activations by Keras's names, and which of them a matrix product applies by itself. */
import type { Tensor } from '../autograd/tensor.ts';
import { composed } from '../autograd/tidy.ts';
import { type Activation, ACTIVATIONS as FUSED } from '../kernels/gemm/problem.ts';
import { abs } from '../ops/abs.ts';
import { add } from '../ops/add.ts';
import { clipByValue } from '../ops/clip-by-value.ts';
import { greater } from '../ops/compare.ts';
import { elu } from '../ops/elu.ts';
import { exp } from '../ops/exp.ts';
import { gelu } from '../ops/gelu.ts';
import { hardSigmoid } from '../ops/hard-sigmoid.ts';
import { leakyRelu } from '../ops/leaky-relu.ts';
import { mul } from '../ops/mul.ts';
import { neg } from '../ops/neg.ts';
import { relu } from '../ops/relu.ts';
import { relu6 } from '../ops/relu6.ts';
import { selu } from '../ops/selu.ts';
import { sigmoid } from '../ops/sigmoid.ts';
import { silu } from '../ops/silu.ts';
import { logSoftmax, softmax } from '../ops/softmax.ts';
import { softplus } from '../ops/softplus.ts';
import { softsign } from '../ops/softsign.ts';
import { sub } from '../ops/sub.ts';
import { tanh } from '../ops/tanh.ts';
import { where } from '../ops/where.ts';
import { list, show } from '../values/dtype.ts';
import { ArgumentError } from '../values/errors.ts';

const ACTIVATIONS = {
  linear: (x: Tensor) => x,
  relu,
  sigmoid,
  softmax,
  tanh,
  elu: (x: Tensor) => elu(x),
  exponential: exp,
  gelu: (x: Tensor) => gelu(x),
  /** GELU by its formula with tanh, as TensorFlow.js calls it. */
  geluNew: (x: Tensor) => gelu(x, true),
  hardSigmoid,
  /** 0.2 x + 0.5 held within 0 and 1: the hard sigmoid of TensorFlow.js, and of Keras before version 3. */
  legacyHardSigmoid: composed((x: Tensor) => clipByValue(add(mul(x, 0.2), 0.5), 0, 1)),
  /** x times the hard sigmoid. */
  hardSilu: composed((x: Tensor) => mul(x, hardSigmoid(x))),
  /** x outside of -0.5 to 0.5, where it is 0. */
  hardShrink: composed((x: Tensor) => where(greater(abs(x), 0.5), x, 0)),
  hardTanh: (x: Tensor) => clipByValue(x, -1, 1),
  /** x, below 0 0.2 x. */
  leakyRelu: (x: Tensor) => leakyRelu(x),
  logSigmoid: composed((x: Tensor) => neg(softplus(neg(x)))),
  logSoftmax,
  /** x tanh(softplus(x)) (Misra 2019). */
  mish: composed((x: Tensor) => mul(x, tanh(softplus(x)))),
  relu6,
  selu,
  silu,
  softplus,
  /** x moved towards 0 by 0.5, at most until there. */
  softShrink: composed((x: Tensor) => sub(x, clipByValue(x, -0.5, 0.5))),
  softsign,
  swish: silu,
  tanhShrink: composed((x: Tensor) => sub(x, tanh(x))),
} as const;

type Camel = keyof typeof ACTIVATIONS;
/** `leaky_relu` for `leakyRelu`. */
type Snake<S extends string> = S extends `${infer Head}${infer Tail}`
  ? `${Head extends Lowercase<Head> ? Head : `_${Lowercase<Head>}`}${Snake<Tail>}`
  : S;

/** In camelCase, or as Keras writes it. */
export type ActivationName = Camel | Snake<Camel>;

function camel(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** Throws `ArgumentError` for a name that is none. */
export function checkActivation(where: string, name: unknown): ActivationName {
  if (typeof name === 'string' && Object.hasOwn(ACTIVATIONS, camel(name))) return camel(name) as Camel;
  throw new ArgumentError(
    `${where}: unknown activation ${show(name)}; use ${list(Object.keys(ACTIVATIONS))}`,
  );
}

export function activate(name: ActivationName, x: Tensor): Tensor {
  return ACTIVATIONS[name as Camel](x);
}

/** The part of `name` that a product's epilogue does; the rest is `activate`. */
export function fusedActivation(name: ActivationName): Activation {
  return (FUSED as readonly string[]).includes(name) ? (name as Activation) : 'linear';
}
