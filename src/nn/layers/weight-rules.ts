/** Regularizers and constraints that layers take for their weights, by the names of these: `kernelRegularizer`, `kernelConstraint`. */
import { type ConstraintLike, toConstraint } from '../constraints.ts';
import { type RegularizerLike, toRegularizer } from '../regularizers.ts';
import type { WeightOptions } from '../weighted.ts';

/** For each weight what its size adds to the loss, and what it is brought to after each update. Default: nothing. */
export type WeightRuleOptions<Name extends string> = {
  readonly [Key in `${Name}Regularizer`]?: RegularizerLike;
} & { readonly [Key in `${Name}Constraint`]?: ConstraintLike };

export type WeightRules<Name extends string> = Readonly<
  Record<Name, Pick<WeightOptions, 'regularizer' | 'constraint'>>
>;

/** The options' names. */
export function ruleNames(names: readonly string[]): string[] {
  return names.flatMap((name) => [`${name}Regularizer`, `${name}Constraint`]);
}

/** As `addWeight` takes them. Throws `ArgumentError`. */
export function weightRules<Name extends string>(
  where: string,
  options: WeightRuleOptions<Name>,
  names: readonly Name[],
): WeightRules<Name> {
  const given = options as Readonly<Record<string, unknown>>;
  const rules = names.map((name) => {
    const { [`${name}Regularizer`]: regularizer, [`${name}Constraint`]: constraint } = given;
    return [
      name,
      {
        ...(regularizer === undefined
          ? {}
          : { regularizer: toRegularizer(where, regularizer as RegularizerLike) }),
        ...(constraint === undefined
          ? {}
          : { constraint: toConstraint(where, constraint as ConstraintLike) }),
      },
    ];
  });
  return Object.fromEntries(rules) as WeightRules<Name>;
}
