/** Autocast as PyTorch has it: lists of ops that run in float16, in float32, or in the widest dtype of their inputs. */
import type { Autocaster, OpCall } from '../autograd/autocasting.ts';
import { runsIn } from '../autograd/part.ts';
import type { Tensor } from '../autograd/tensor.ts';
import type { FloatDType } from '../values/dtype.ts';
import { ArgumentError } from '../values/errors.ts';
import { Casts, recast } from './casts.ts';

export type ListName = 'float16' | 'float32' | 'widest';

/**
 * PyTorch's lists for CUDA (`docs/source/amp.md`), by the names that the ops have here: gradients run in the dtypes of the forward pass.
 * Losses are not among them, since here they compute in float32 under every rule.
 */
export const PYTORCH_LISTS: Readonly<Record<ListName, readonly string[]>> = {
  float16: [
    ...['matMul', 'einsum', 'conv2d', 'conv2dBackpropInput', 'depthwiseConv2d', 'prelu'],
    ...['recurrentProduct', 'lstmGates', 'gruGates', 'scaledDotProductAttention', 'flashAttention'],
  ],
  float32: [
    ...['pow', 'exp', 'expm1', 'log', 'log1p', 'logSoftmax', 'softmax', 'logSumExp', 'softmaxCrossEntropy'],
    ...['layerNormalization', 'norm', 'reciprocal', 'rsqrt', 'softplus', 'sum', 'prod', 'cumsum'],
  ],
  widest: ['scatterND', 'tensorScatterUpdate'],
};

/** Ops that PyTorch refuses in autocast, and why. */
const BANNED: Readonly<Record<string, string>> = {
  binaryCrossentropy:
    'its gradient 1 / p passes float16; give it logits with fromLogits: true, which are safe, or take it out of autocast',
};

export class ListCaster implements Autocaster {
  readonly gradients = false;
  readonly #lists: ReadonlyMap<string, ListName>;
  readonly #float32In: readonly string[];
  readonly #casts = new Casts(false);

  constructor(lists: ReadonlyMap<string, ListName>, float32In: readonly string[]) {
    this.#lists = lists;
    this.#float32In = float32In;
  }

  cast({ name, inputs, uniform }: OpCall): { inputs: readonly Tensor[]; why: string } {
    if (name === 'cast') return { inputs, why: 'asked for' };
    if (runsIn(this.#float32In))
      return this.#all(name, inputs, uniform, 'float32', 'its layer stays in float32');
    const list = this.#lists.get(name);
    const floats = new Set<string>();
    recast(inputs, uniform, (tensor) => {
      floats.add(tensor.dtype);
      return tensor;
    });
    if (list === 'float16' || list === 'float32')
      return this.#all(name, inputs, uniform, list, `on the ${list} list`);
    const why = list ? 'on the widest list' : 'on no list';
    if (floats.size < 2) return { inputs, why: `${why}: the dtype of its inputs` };
    return this.#all(name, inputs, uniform, 'float32', `${why}: the widest of its inputs`);
  }

  whole(name: string, inputs: readonly Tensor[]): readonly Tensor[] | undefined {
    const list = this.#lists.get(name);
    if (!list && BANNED[name])
      throw new ArgumentError(`autocast: ${name} is banned by PyTorch's rules: ${BANNED[name]}`);
    if ((list !== 'float16' && list !== 'float32') || runsIn(this.#float32In)) return undefined;
    return this.#all(name, inputs, undefined, list, `on the ${list} list`).inputs;
  }

  #all(
    name: string,
    inputs: readonly Tensor[],
    uniform: readonly number[] | undefined,
    dtype: FloatDType,
    why: string,
  ): { inputs: readonly Tensor[]; why: string } {
    return { inputs: recast(inputs, uniform, (tensor) => this.#casts.to(tensor, dtype, name, why)), why };
  }
}
