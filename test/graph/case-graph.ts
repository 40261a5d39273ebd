// A case of an op: the graph of one node that it makes, its name, and the values of its inputs.
import {
  type Attr,
  type Built,
  built,
  drawn,
  type NodeJson,
  node,
  placeholder,
  type Weight,
} from './build.ts';

/** An input: drawn for a placeholder of this shape, or a constant of the graph. */
export type Arg =
  | {
      readonly shape: readonly number[];
      readonly dtype: 'float32' | 'int32' | 'bool';
      readonly low?: number;
      readonly high?: number;
    }
  | {
      readonly constant: readonly number[];
      readonly shape: readonly number[];
      readonly dtype: 'float32' | 'int32' | 'bool';
    };

export interface GraphCase {
  readonly op: string;
  readonly args: readonly Arg[];
  readonly attrs: Record<string, Attr>;
  /** Of the node; one by default. */
  readonly outputs: number;
}

export function caseName({ op, args, attrs }: GraphCase): string {
  const shown = args.map(
    (arg) => `${'constant' in arg && arg.dtype === 'int32' ? `[${arg.constant}]` : `(${arg.shape})`}`,
  );
  return `${op} ${shown.join(' ')} ${JSON.stringify(attrs)}`;
}

/** The graph of a case, and the values of its placeholders. */
export function caseGraph(row: GraphCase): Built & {
  inputs: Record<string, { shape: readonly number[]; dtype: string; values: readonly number[] }>;
} {
  const weights: Weight[] = [];
  const nodes: NodeJson[] = [];
  const inputs: Record<string, { shape: readonly number[]; dtype: string; values: readonly number[] }> = {};
  const names = row.args.map((arg, i) => {
    const name = `${'constant' in arg ? 'const' : 'input'}_${i}`;
    if ('constant' in arg) {
      weights.push({ name, shape: arg.shape, dtype: arg.dtype, values: arg.constant });
      return name;
    }
    const count = arg.shape.reduce((product, size) => product * size, 1);
    const values = drawn(`${caseName(row)} ${i}`, count, arg.low, arg.high);
    nodes.push(placeholder(name, arg.shape, arg.dtype));
    inputs[name] = {
      shape: arg.shape,
      dtype: arg.dtype,
      values:
        arg.dtype === 'float32' ? values : values.map((value) => Math.min(Math.floor(value), arg.high! - 1)),
    };
    return name;
  });
  nodes.push(node('result', row.op, names, row.attrs));
  return { ...built(nodes, weights), inputs };
}

export function caseOutputs({ outputs }: GraphCase): string[] {
  return Array.from({ length: outputs }, (_, i) => (i === 0 ? 'result' : `result:${i}`));
}
