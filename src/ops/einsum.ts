/** `einsum`: sums of products by the labels of their axes, made of transpositions, sums and one batched product of matrices. */
import { asOne, autocaster, nameOp } from '../autograd/autocasting.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { tidy } from '../autograd/tidy.ts';
import { isFloat, show } from '../values/dtype.ts';
import { ArgumentError, DtypeError, ShapeError } from '../values/errors.ts';
import { showShape, sizeOf } from '../values/shape.ts';
import { toParts } from './concat.ts';
import type { TensorLike } from './input.ts';
import { matMul } from './mat-mul.ts';
import { mul } from './mul.ts';
import { reshape } from './reshape.ts';
import { sum } from './sum.ts';
import { transpose } from './transpose.ts';

/** A tensor with a letter for each of its axes. */
interface Labelled {
  readonly tensor: Tensor;
  readonly labels: string;
}

nameOp('einsum');

/**
 * One tensor or two, their axes named by letters in `equation`, for example `'bqhd,bkhd->bhqk'`: labels that the output does not name are
 * summed over, in f32, and axes with one label are walked together. A label names one axis of an operand, without `...`, and the output is
 * given. Throws `ArgumentError`, `ShapeError`, `DtypeError`.
 */
export function einsum(equation: string, ...tensors: readonly TensorLike[]): Tensor {
  return tidy(() => {
    const { inputs, output } = parse(equation, tensors.length);
    return asOne('einsum', toParts('einsum', tensors), (parts) => {
      const operands = parts.map((tensor, i): Labelled => ({ tensor, labels: inputs[i]! }));
      const sizes = sizesOf(equation, operands);
      const kept = operands.map((own, i) => {
        const others = inputs.filter((_, other) => other !== i).join('') + output;
        return summed(own, own.labels, others);
      });
      const [a, b] = kept as [Labelled, Labelled | undefined];
      return arranged(b ? productOf(a, b, output, sizes) : a, output).tensor;
    });
  });
}

function parse(equation: string, count: number): { inputs: string[]; output: string } {
  const refuse = (rule: string): never => {
    throw new ArgumentError(`einsum: ${show(equation)}: ${rule}`);
  };
  const [left, output, ...rest] = String(equation).replaceAll(' ', '').split('->') as [string, string?];
  if (/[^a-zA-Z,]/.test(left) || rest.length > 0 || output === undefined || /[^a-zA-Z]/.test(output))
    refuse("use letters for axes, a comma between operands, and '->' before the output");
  const inputs = left.split(',');
  if (inputs.length > 2) refuse(`${inputs.length} operands; use one or two`);
  if (inputs.length !== count) refuse(`names ${inputs.length} operands, ${count} given`);
  for (const labels of [...inputs, output!]) {
    const twice = [...labels].find((label, i) => labels.indexOf(label) < i);
    if (twice) refuse(`'${twice}' stands twice in '${labels}'; a label names one axis`);
  }
  const unknown = [...output!].find((label) => !left.includes(label));
  if (unknown) refuse(`'${unknown}' of the output is in no operand`);
  return { inputs, output: output! };
}

/** The size behind each label. */
function sizesOf(equation: string, operands: readonly Labelled[]): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const [i, { tensor, labels }] of operands.entries()) {
    if (tensor.rank !== labels.length) {
      throw new ShapeError(
        `einsum: ${show(equation)}: '${labels}' names ${labels.length} axes, operand ${i} is ${showShape(tensor.shape)}`,
      );
    }
    const differs = tensor.dtype !== operands[0]!.tensor.dtype && !autocaster();
    if (differs || (operands.length > 1 && !isFloat(tensor.dtype))) {
      throw new DtypeError(
        `einsum: ${show(equation)}: operand ${i} is ${tensor.dtype}; use float32 or float16, the same for both`,
      );
    }
    for (const [axis, label] of [...labels].entries()) {
      const size = tensor.shape[axis]!;
      const known = sizes.get(label);
      if (known !== undefined && known !== size) {
        throw new ShapeError(`einsum: ${show(equation)}: '${label}' is ${known} and ${size}; use one size`);
      }
      sizes.set(label, size);
    }
  }
  return sizes;
}

/** Summed over the labels that nothing else has. */
function summed({ tensor }: Labelled, labels: string, others: string): Labelled {
  const lost = [...labels].flatMap((label, axis) => (others.includes(label) ? [] : [axis]));
  if (lost.length === 0) return { tensor, labels };
  return { tensor: sum(tensor, lost), labels: only(labels, (label) => others.includes(label)) };
}

/** Axes in the order of `labels`. */
function arranged({ tensor, labels }: Labelled, wanted: string): Labelled {
  const order = [...wanted].map((label) => labels.indexOf(label));
  return { tensor: labels === wanted ? tensor : transpose(tensor, order), labels: wanted };
}

function only(labels: string, keep: (label: string) => boolean): string {
  return [...labels].filter(keep).join('');
}

function productOf(a: Labelled, b: Labelled, output: string, sizes: ReadonlyMap<string, number>): Labelled {
  const inBoth = (label: string) => a.labels.includes(label) && b.labels.includes(label);
  const contracted = only(a.labels, (label) => !output.includes(label));
  if (contracted === '') {
    // Side by side in the order of the output, with size 1 where an operand has no such axis.
    const spread = (own: Labelled) => {
      const inOrder = only(output, (label) => own.labels.includes(label));
      const shape = [...output].map((label) => (own.labels.includes(label) ? sizes.get(label)! : 1));
      return reshape(arranged(own, inOrder).tensor, shape);
    };
    return { tensor: mul(spread(a), spread(b)), labels: output };
  }
  const batch = only(output, inBoth);
  const rows = only(a.labels, (label) => !b.labels.includes(label));
  const columns = only(b.labels, (label) => !a.labels.includes(label));
  // Columns that come before all rows are rows of the product the other way round.
  const free = only(output, (label) => !batch.includes(label));
  if (rows !== '' && columns !== '' && free.startsWith(only(free, (label) => columns.includes(label))))
    return product(b, a, { batch, rows: columns, columns: rows, contracted }, sizes);
  return product(a, b, { batch, rows, columns, contracted }, sizes);
}

interface Roles {
  readonly batch: string;
  readonly rows: string;
  readonly columns: string;
  readonly contracted: string;
}

function product(
  a: Labelled,
  b: Labelled,
  { batch, rows, columns, contracted }: Roles,
  sizes: ReadonlyMap<string, number>,
): Labelled {
  // Contracted axes in the order in which one of the operands has them: the one that leaves more operands as they lie.
  const orders = [a, b].map(({ labels }) => only(labels, (label) => contracted.includes(label)));
  const lying = (order: string) =>
    [
      [a, rows],
      [b, columns],
    ].filter(([own, free]) => lies(own as Labelled, batch, free as string, order)).length;
  const order = lying(orders[0]!) >= lying(orders[1]!) ? orders[0]! : orders[1]!;
  const size = (labels: string) => sizeOf([...labels].map((label) => sizes.get(label)!));
  const matrix = (own: Labelled, first: string, last: string) => {
    const lead = batch === '' ? [] : [size(batch)];
    return reshape(arranged(own, batch + first + last).tensor, [...lead, size(first), size(last)]);
  };
  const transposeA = a.labels === batch + order + rows;
  const transposeB = b.labels === batch + columns + order;
  const left = transposeA ? matrix(a, order, rows) : matrix(a, rows, order);
  const right = transposeB ? matrix(b, columns, order) : matrix(b, order, columns);
  const labels = batch + rows + columns;
  const shape = [...labels].map((label) => sizes.get(label)!);
  return { tensor: reshape(matMul(left, right, transposeA, transposeB), shape), labels };
}

/** Whether an operand can be read as matrices without moving anything. */
function lies({ labels }: Labelled, batch: string, free: string, contracted: string): boolean {
  return labels === batch + free + contracted || labels === batch + contracted + free;
}
