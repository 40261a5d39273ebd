/** `GraphModel`: a graph of TensorFlow's ops with its weights, run by ours, for inference and for precision by op. */

import { type Jitted, jit } from '../../autograd/jit.ts';
import { isRecording } from '../../autograd/recording.ts';
import { Tensor } from '../../autograd/tensor.ts';
import { Variable } from '../../autograd/variable.ts';
import type { Engine } from '../../gpu/engine.ts';
import type { InputSpec } from '../../nn/batches.ts';
import { casting } from '../../nn/steps.ts';
import { cast } from '../../ops/cast.ts';
import { fromValues, type TensorLike, toTensor } from '../../ops/input.ts';
import { type AutocastOptions, checkAutocast } from '../../precision/autocast.ts';
import { type DType, isFloat, list, show } from '../../values/dtype.ts';
import { ArgumentError, DisposedError, DtypeError, ShapeError } from '../../values/errors.ts';
import { type Shape, showShape } from '../../values/shape.ts';
import { type Plan, planOf, run } from './execution.ts';
import { type Endpoint, endpointOf, type Graph } from './graph.ts';
import { HostArray } from './host-array.ts';

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

export interface GraphParts {
  readonly graph: Graph;
  readonly inputs: readonly GraphPort[];
  readonly outputs: readonly GraphPort[];
  /** By the names of nodes: constants known on the host, and weights. */
  readonly constants: ReadonlyMap<string, HostArray | Variable>;
  readonly engine: Engine;
}

/** Tensors by the names of inputs or of their nodes, in the order of `inputs`, or the one that there is. */
export type GraphInputs = TensorLike | readonly TensorLike[] | Readonly<Record<string, TensorLike>>;

/** Of inputs that may be left out. */
export const DEFAULTED = 'PlaceholderWithDefault';

export class GraphModel {
  readonly inputs: readonly GraphPort[];
  readonly outputs: readonly GraphPort[];
  readonly engine: Engine;
  readonly #graph: Graph;
  readonly #constants: ReadonlyMap<string, HostArray | Variable>;
  readonly #plans = new Map<string, Plan>();
  #autocast: AutocastOptions | undefined;
  #program: Jitted<[readonly string[], readonly Tensor[], readonly string[]], readonly Tensor[]> | undefined;
  #disposed = false;

  /** Throws `FormatError` that names all ops that cannot be run. */
  constructor({ graph, inputs, outputs, constants, engine }: GraphParts) {
    this.inputs = inputs;
    this.outputs = outputs;
    this.engine = engine;
    this.#graph = graph;
    this.#constants = constants;
    this.#plan(
      inputs.map(({ endpoint }) => endpoint.node),
      outputs.map(({ endpoint }) => endpoint),
    );
  }

  /**
   * Rules of precision by op: `predict` and `execute` run in `ht.autocast` with them. What a file keeps of them is here when it is loaded.
   * Undefined: none. Throws `ArgumentError` as `ht.autocast` does.
   */
  get autocast(): AutocastOptions | undefined {
    return this.#autocast;
  }

  set autocast(rules: AutocastOptions | undefined) {
    if (rules !== undefined) checkAutocast(`${this.#graph.name}: autocast`, rules);
    this.#autocast = rules;
    this.#program?.dispose();
    this.#program = undefined;
  }

  get outputNames(): readonly string[] {
    return this.outputs.map(({ name }) => name);
  }

  /** The inputs as of layers: shapes of one sample, NaN where a size is not given, undefined where nothing is. */
  get inputSpecs(): readonly InputSpec[] {
    return inputSpecsOf(this.inputs);
  }

  /** Samples in a batch where the graph fixes their number. */
  get batchSize(): number | undefined {
    return this.inputs.map(({ shape }) => shape?.[0] ?? -1).find((size) => size > 0);
  }

  /** The weights on the GPU. Not trainable unless that is asked of them: `weight.trainable = true`. */
  get weights(): readonly Variable[] {
    return [...this.#constants.values()].filter((value) => value instanceof Variable);
  }

  /** Names of the nodes of inputs. */
  get inputNodes(): readonly string[] {
    return this.inputs.map(({ endpoint }) => endpoint.node);
  }

  get outputNodes(): readonly string[] {
    return this.outputs.map(({ endpoint }) => endpoint.node);
  }

  /**
   * The outputs for these inputs: a tensor, or a list of them in the order of `outputs` where there are several. Floats are cast to
   * what the graph takes. Throws `ArgumentError`, `ShapeError` and `DtypeError` with the name of the input or of the node.
   */
  predict(inputs: GraphInputs): Tensor | Tensor[] {
    return this.execute(inputs);
  }

  /** The outputs for these inputs, in order, op by op: no program is kept for the next call. Throws like `predict`. */
  pass(inputs: readonly Tensor[]): readonly Tensor[] {
    const given = this.#given(inputs);
    const outputs = this.outputs.map(({ endpoint }) => endpoint);
    return this.#results([...given.keys()], [...given.values()], outputs);
  }

  /** What nodes give, `'node'` or `'node:1'`, or the outputs of these names; only what they need is run. Throws like `predict`. */
  execute(inputs: GraphInputs, outputs?: string | readonly string[]): Tensor | Tensor[] {
    if (this.#disposed) throw new DisposedError(`${this.#graph.name}: it was disposed`);
    const wanted =
      outputs === undefined
        ? this.outputs.map(({ endpoint }) => endpoint)
        : (typeof outputs === 'string' ? [outputs] : outputs).map((name) => this.#endpoint(name));
    const given = this.#given(inputs);
    this.#plan([...given.keys()], wanted);
    const results = this.#run([...given.keys()], [...given.values()], wanted);
    return results.length === 1 ? results[0]! : [...results];
  }

  /** Frees weights and programs. */
  dispose(): void {
    this.#disposed = true;
    this.#program?.dispose();
    for (const weight of this.weights) weight.dispose();
  }

  #run(
    names: readonly string[],
    tensors: readonly Tensor[],
    outputs: readonly Endpoint[],
  ): readonly Tensor[] {
    if (isRecording()) return this.#results(names, tensors, outputs);
    this.#program ??= jit((names: readonly string[], tensors: readonly Tensor[], wanted: readonly string[]) =>
      this.#results(
        names,
        tensors,
        wanted.map((name) => endpointOf('execute', name)),
      ),
    );
    const wanted = outputs.map(({ node, output }) => `${node}:${output}`);
    return this.#program(names, tensors, wanted);
  }

  #results(
    names: readonly string[],
    tensors: readonly Tensor[],
    outputs: readonly Endpoint[],
  ): readonly Tensor[] {
    const given = new Map<string, Tensor | HostArray | Variable>(this.#constants);
    for (const [i, name] of names.entries()) given.set(name, tensors[i]!);
    const plan = this.#plan(names, outputs);
    return casting({ autocast: this.#autocast, engine: this.engine }, () =>
      run(this.engine, plan, given).map((value) => {
        if (value instanceof Variable) return value.values.alias();
        if (value instanceof HostArray)
          return fromValues(this.engine, value.values as number[], value.shape, value.dtype, 'execute');
        return value.alias();
      }),
    );
  }

  #plan(names: readonly string[], outputs: readonly Endpoint[]): Plan {
    const key = JSON.stringify([names, outputs]);
    let plan = this.#plans.get(key);
    if (!plan) {
      plan = planOf(this.#graph, outputs, new Set([...names, ...this.#constants.keys()]));
      this.#plans.set(key, plan);
    }
    return plan;
  }

  #endpoint(name: string): Endpoint {
    const port = this.outputs.find((output) => output.name === name);
    if (port) return port.endpoint;
    const endpoint = endpointOf('execute', name);
    if (this.#graph.nodes.has(endpoint.node)) return endpoint;
    throw new ArgumentError(
      `execute: no output and no node is called ${show(name)}; the outputs are ${list(this.outputNames)}`,
    );
  }

  /** The tensors by the names of their nodes, checked. */
  #given(inputs: GraphInputs): Map<string, Tensor> {
    const byName = this.#named(inputs);
    const given = new Map<string, Tensor>();
    for (const { name, endpoint, shape, dtype } of this.inputs) {
      const value = byName.get(name) ?? byName.get(endpoint.node);
      if (value === undefined && this.#graph.node(endpoint.node).op === DEFAULTED) continue;
      if (value === undefined) {
        throw new ArgumentError(
          `${this.#graph.name}: input '${name}' is missing; give ${list(this.inputs.map((input) => input.name))}`,
        );
      }
      given.set(endpoint.node, checked(`${this.#graph.name}: input '${name}'`, value, shape, dtype));
    }
    return given;
  }

  #named(inputs: GraphInputs): Map<string, TensorLike> {
    const plain = typeof inputs === 'object' && Object.getPrototypeOf(inputs) === Object.prototype;
    if (plain) {
      const known = new Set(this.inputs.flatMap(({ name, endpoint }) => [name, endpoint.node]));
      const unknown = Object.keys(inputs).find((name) => !known.has(name));
      if (unknown !== undefined) {
        throw new ArgumentError(
          `${this.#graph.name}: no input is called '${unknown}'; use ${list(this.inputs.map(({ name }) => name))}`,
        );
      }
      return new Map(Object.entries(inputs));
    }
    // Nested arrays are one input's values, unless there are several inputs.
    const listed =
      Array.isArray(inputs) &&
      (this.inputs.length !== 1 || inputs[0] instanceof Tensor || inputs[0] instanceof Variable);
    const values = (listed ? inputs : [inputs]) as readonly TensorLike[];
    if (values.length !== this.inputs.length) {
      throw new ArgumentError(
        `${this.#graph.name}: ${values.length} inputs; it has ${this.inputs.length}, ${list(this.inputs.map(({ name }) => name))}`,
      );
    }
    return new Map(this.inputs.map(({ name }, i) => [name, values[i]!]));
  }
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
