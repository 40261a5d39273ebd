/** Inputs and outputs of a graph: what they are called and take, and the tensors that are given for them. */
import { Tensor } from '../../autograd/tensor.ts';
import { Variable } from '../../autograd/variable.ts';
import type { InputSpec } from '../../nn/batches.ts';
import { cast } from '../../ops/cast.ts';
import { type TensorLike, toTensor } from '../../ops/input.ts';
import { type DType, isFloat, list } from '../../values/dtype.ts';
import { ArgumentError, DtypeError, ShapeError } from '../../values/errors.ts';
import { type Shape, showShape } from '../../values/shape.ts';
import type { Endpoint, Graph } from './graph.ts';

/** An input or an output of a graph. */
export interface GraphPort {
  /** What users call it: its name in the signature, or that of its node. */
  readonly name: string;
  readonly endpoint: Endpoint;
  /** Undefined where the graph does not say, as of outputs it often does. */
  readonly dtype: DType | undefined;
  /** -1 for sizes that are not given; null where the rank is not. */
  readonly shape: Shape | null;
}

/** Tensors by the names of inputs or of their nodes, in the order of `inputs`, or the one that there is. */
export type GraphInputs = TensorLike | readonly TensorLike[] | Readonly<Record<string, TensorLike>>;

/** Of inputs that may be left out. */
export const DEFAULTED = 'PlaceholderWithDefault';

/** The tensors by the names of their nodes, checked. Throws `ArgumentError`, `ShapeError` and `DtypeError` with the name of the input. */
export function givenTo(graph: Graph, ports: readonly GraphPort[], inputs: GraphInputs): Map<string, Tensor> {
  const byName = byNames(graph, ports, inputs);
  const given = new Map<string, Tensor>();
  for (const { name, endpoint, shape, dtype } of ports) {
    const value = byName.get(name) ?? byName.get(endpoint.node);
    if (value === undefined && graph.node(endpoint.node).op === DEFAULTED) continue;
    if (value === undefined)
      throw new ArgumentError(`${graph.name}: input '${name}' is missing; give ${namesOf(ports)}`);
    given.set(endpoint.node, checked(`${graph.name}: input '${name}'`, value, shape, dtype));
  }
  return given;
}

function byNames(graph: Graph, ports: readonly GraphPort[], inputs: GraphInputs): Map<string, TensorLike> {
  const plain = typeof inputs === 'object' && Object.getPrototypeOf(inputs) === Object.prototype;
  if (plain) {
    const known = new Set(ports.flatMap(({ name, endpoint }) => [name, endpoint.node]));
    const unknown = Object.keys(inputs).find((name) => !known.has(name));
    if (unknown !== undefined)
      throw new ArgumentError(`${graph.name}: no input is called '${unknown}'; use ${namesOf(ports)}`);
    return new Map(Object.entries(inputs));
  }
  // Nested arrays are one input's values, unless there are several inputs.
  const listed =
    Array.isArray(inputs) &&
    (ports.length !== 1 || inputs[0] instanceof Tensor || inputs[0] instanceof Variable);
  const values = (listed ? inputs : [inputs]) as readonly TensorLike[];
  if (values.length !== ports.length) {
    throw new ArgumentError(
      `${graph.name}: ${values.length} inputs; it has ${ports.length}, ${namesOf(ports)}`,
    );
  }
  return new Map(ports.map(({ name }, i) => [name, values[i]!]));
}

function namesOf(ports: readonly GraphPort[]): string {
  return list(ports.map(({ name }) => name));
}

export function inputSpecsOf(inputs: readonly GraphPort[]): readonly InputSpec[] {
  return inputs.map(({ name, shape, dtype }) => {
    const sample = shape?.slice(1).map((size) => (size < 0 ? Number.NaN : size));
    return { name, dtype, sample };
  });
}

function checked(where: string, value: TensorLike, shape: Shape | null, dtype: DType | undefined): Tensor {
  const tensor = toTensor(where, value);
  const fits =
    shape === null ||
    (shape.length === tensor.rank && shape.every((size, axis) => size < 0 || size === tensor.shape[axis]));
  if (!fits) throw new ShapeError(`${where}: ${showShape(tensor.shape)}; use ${showShape(shape)}`);
  if (dtype === undefined || tensor.dtype === dtype) return tensor;
  if (isFloat(dtype) && isFloat(tensor.dtype)) return cast(tensor, dtype);
  throw new DtypeError(`${where}: ${tensor.dtype}; use ${dtype}`);
}
