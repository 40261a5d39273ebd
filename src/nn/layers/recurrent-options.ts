/** Options of recurrent layers and of their calls, and the states that a call begins with. */
import type { Tensor } from '../../autograd/tensor.ts';
import type { ActivationName } from '../activations.ts';
import type { InitialiserLike } from '../initialisers.ts';
import type { CallOptions, LayerOptions, Symbolic, SymbolicOptions } from '../layer.ts';
import { listed, type Mask } from '../several.ts';
import { ruleNames, type WeightRuleOptions } from './weight-rules.ts';

export const RECURRENT_RULES = ['kernel', 'recurrent', 'bias'] as const;

export interface RecurrentOptions extends LayerOptions, WeightRuleOptions<(typeof RECURRENT_RULES)[number]> {
  /** Size of the state and the result. */
  units: number;
  /** Default `'tanh'`. */
  activation?: ActivationName;
  /** Default true. */
  useBias?: boolean;
  /** Default `'glorotUniform'`. */
  kernelInitializer?: InitialiserLike;
  /** Default `'orthogonal'`. */
  recurrentInitializer?: InitialiserLike;
  /** Default `'zeros'`. */
  biasInitializer?: InitialiserLike;
  /** Share of the inputs that is set to 0 in training, the same at every step. Default 0. */
  dropout?: number;
  /** Share of the state that is set to 0 in training where the next step reads it, the same at every step. Default 0. */
  recurrentDropout?: number;
  /** Whether the results of all steps are given, not of the last alone. Default false. */
  returnSequences?: boolean;
  /** Whether the last states are given after the result: the results are then a list. Default false. */
  returnState?: boolean;
  /** Whether the steps are taken from the last to the first; sequences are given in that order. Default false. */
  goBackwards?: boolean;
  /** Whether a batch begins with the states that the last one ended with, until `resetStates()`. Default false. */
  stateful?: boolean;
}

export const RECURRENT_OPTIONS: readonly string[] = [
  ...['units', 'activation', 'useBias', 'kernelInitializer', 'recurrentInitializer', 'biasInitializer'],
  ...['dropout', 'recurrentDropout', 'returnSequences', 'returnState', 'goBackwards', 'stateful'],
  ...ruleNames(RECURRENT_RULES),
];

export interface RecurrentCallOptions extends CallOptions {
  /** States to begin with, (n, units) each, also symbolic ones. Default: zeros, or those of the last batch of a `stateful` layer. */
  initialState?: Tensor | Symbolic | readonly (Tensor | Symbolic)[];
}

/** The inputs of the layer as a list, the states to begin with after the input, and a mask for each. */
export function withStates(
  input: unknown,
  { initialState, mask, ...rest }: RecurrentCallOptions | SymbolicOptions<RecurrentCallOptions>,
): [inputs: unknown, options: RecurrentCallOptions] {
  if (initialState === undefined) return [input, { ...rest, ...(mask && { mask: mask as Mask }) }];
  const states = listed<Tensor | Symbolic>(initialState);
  if (!mask) return [[input, ...states], rest];
  const masks = [...listed<unknown>(mask), ...states.map(() => null)];
  return [[input, ...states], { ...rest, mask: masks as unknown as Mask }];
}
