/** Regularizers and constraints that layers with a kernel and a bias take. */
import { type ConstraintLike, toConstraint } from '../constraints.ts';
import { type RegularizerLike, toRegularizer } from '../regularizers.ts';
import type { WeightOptions } from '../weighted.ts';

export interface WeightRuleOptions {
  /** What the kernel's size adds to the loss. Default: nothing. */
  kernelRegularizer?: RegularizerLike;
  /** What the bias's size adds to the loss. Default: nothing. */
  biasRegularizer?: RegularizerLike;
  /** What the kernel is brought to after each update. Default: it stays. */
  kernelConstraint?: ConstraintLike;
  /** What the bias is brought to after each update. Default: it stays. */
  biasConstraint?: ConstraintLike;
}

export const WEIGHT_RULES = ['kernelRegularizer', 'biasRegularizer', 'kernelConstraint', 'biasConstraint'];

type Rules = Pick<WeightOptions, 'regularizer' | 'constraint'>;

/** As `addWeight` takes them. Throws `ArgumentError`. */
export function weightRules(where: string, options: WeightRuleOptions): { kernel: Rules; bias: Rules } {
  const rules = (regularizer?: RegularizerLike, constraint?: ConstraintLike): Rules => ({
    ...(regularizer === undefined ? {} : { regularizer: toRegularizer(where, regularizer) }),
    ...(constraint === undefined ? {} : { constraint: toConstraint(where, constraint) }),
  });
  return {
    kernel: rules(options.kernelRegularizer, options.kernelConstraint),
    bias: rules(options.biasRegularizer, options.biasConstraint),
  };
}
