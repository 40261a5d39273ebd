// Reference: sums of products by labels, one index after the other.
import { at, build, type Plain } from './array.ts';

export function einsum(equation: string, ...operands: readonly Plain[]): Plain {
  const [left, output] = equation.split('->') as [string, string];
  const inputs = left.split(',');
  const sizes: Record<string, number> = {};
  for (const [i, labels] of inputs.entries())
    for (const [axis, label] of [...labels].entries()) sizes[label] = operands[i]!.shape[axis]!;
  const summed = Object.keys(sizes).filter((label) => !output.includes(label));
  return build(
    [...output].map((label) => sizes[label]!),
    (index) => {
      const terms = build(
        summed.map((label) => sizes[label]!),
        (rest) => {
          const place = (label: string) =>
            output.includes(label) ? index[output.indexOf(label)]! : rest[summed.indexOf(label)]!;
          return operands.reduce((product, x, i) => product * at(x, [...inputs[i]!].map(place)), 1);
        },
      );
      return terms.data.reduce((sum, term) => sum + term, 0);
    },
  );
}
