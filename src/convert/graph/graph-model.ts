/** `GraphModel`: a graph of TensorFlow's ops with its weights, run by ours, for inference and for precision by op. */

import { autocaster } from '../../autograd/autocasting.ts';
import { type Jitted, jit } from '../../autograd/jit.ts';
import { isRecording } from '../../autograd/recording.ts';
import { Tensor } from '../../autograd/tensor.ts';
import { keep } from '../../autograd/tidy.ts';
import { Variable } from '../../autograd/variable.ts';
import type { Engine } from '../../gpu/engine.ts';
import type { InputSpec } from '../../nn/batches.ts';
import { casting } from '../../nn/steps.ts';
import { fromValues } from '../../ops/input.ts';
import { type AutocastOptions, checkAutocast } from '../../precision/autocast.ts';
import { list, show } from '../../values/dtype.ts';
import { ArgumentError, DisposedError, FormatError } from '../../values/errors.ts';
import { checkOptions } from '../../values/options.ts';
import { run } from './execution.ts';
import { Flow } from './flow.ts';
import { type Endpoint, endpointOf, type Graph } from './graph.ts';
import { HostArray } from './host-array.ts';
import type { Value } from './op-call.ts';
import { checkOps, type Plan, planOf } from './plan.ts';
import { type GraphInputs, type GraphPort, givenTo, inputSpecsOf } from './ports.ts';
import { TensorList } from './tensor-list.ts';

export interface GraphParts {
  readonly graph: Graph;
  readonly inputs: readonly GraphPort[];
  readonly outputs: readonly GraphPort[];
  /** By the names of nodes: constants known on the host, and weights. */
  readonly constants: ReadonlyMap<string, HostArray | Variable>;
  readonly engine: Engine;
}

export interface ExecuteOptions {
  /** Most iterations of all loops together. Default 100,000. */
  readonly maxIterations?: number;
}

const MOST_ITERATIONS = 100_000;

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
    checkOps(
      graph,
      outputs.map(({ endpoint }) => endpoint),
      inputs.map(({ endpoint }) => endpoint.node),
      new Set(constants.keys()),
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
    const wanted = this.#wanted(undefined);
    const given = givenTo(this.#graph, this.inputs, inputs);
    return this.#results([...given.keys()], [...given.values()], wanted);
  }

  /** What nodes give, `'node'` or `'node:1'`, or the outputs of these names; only what they need is run. Throws like `predict`. */
  execute(inputs: GraphInputs, outputs?: string | readonly string[]): Tensor | Tensor[] {
    const wanted = this.#wanted(outputs);
    const given = givenTo(this.#graph, this.inputs, inputs);
    this.#plan([...given.keys()], wanted);
    const results = this.#run([...given.keys()], [...given.values()], wanted);
    return results.length === 1 ? results[0]! : [...results];
  }

  /**
   * As `execute`, of graphs whose course or whose sizes depend on data: branches, loops, lists of tensors, non-maximum suppression, `Where`. Runs node by
   * node, by the rules of `autocast` too, and reads from the GPU what the host has to know. Null stands for an output without elements, as where nothing was found.
   * Throws like `predict`, `FormatError` for loops without end, and `ArgumentError` in `ht.jit`, in `ht.autocast` and
   * under a tape, where nothing can be waited for.
   */
  async executeAsync(
    inputs: GraphInputs,
    outputs?: string | readonly string[],
    options: ExecuteOptions = {},
  ): Promise<Tensor | null | (Tensor | null)[]> {
    checkOptions('executeAsync', options, ['maxIterations']);
    const { maxIterations = MOST_ITERATIONS } = options;
    if (isRecording() || this.engine.tracing || autocaster()) {
      throw new ArgumentError(
        'executeAsync: it waits for data, which jit, tapes and autocast cannot; call it outside, and set model.autocast for float16',
      );
    }
    const wanted = this.#wanted(outputs);
    const given = [...givenTo(this.#graph, this.inputs, inputs)].map(
      ([name, tensor]) => [name, keep(tensor.alias())] as const,
    );
    const names = given.map(([name]) => name);
    try {
      // Behind the caller's tidy, which would dispose what is made in it.
      await null;
      checkOps(this.#graph, wanted, names, new Set(this.#constants.keys()));
      const [constants, autocast] = [this.#constants, this.#autocast];
      const flow = new Flow({ engine: this.engine, constants, maxIterations, autocast });
      const values = await flow.run(
        { graph: this.#graph, inputs: names, outputs: wanted },
        given.map(([, tensor]) => tensor),
      );
      const results = values.map((value) => {
        if (value instanceof Tensor) return value;
        return value instanceof HostArray && value.size === 0 ? null : this.#result(value);
      });
      return results.length === 1 ? results[0]! : results;
    } finally {
      for (const [, tensor] of given) tensor.dispose();
    }
  }

  /** Frees weights and programs. */
  dispose(): void {
    this.#disposed = true;
    this.#program?.dispose();
    for (const weight of this.weights) weight.dispose();
  }

  #wanted(outputs: string | readonly string[] | undefined): Endpoint[] {
    if (this.#disposed) throw new DisposedError(`${this.#graph.name}: it was disposed`);
    if (outputs === undefined) return this.outputs.map(({ endpoint }) => endpoint);
    return (typeof outputs === 'string' ? [outputs] : outputs).map((name) => this.#endpoint(name));
  }

  /** A tensor for the caller. */
  #result(value: Value): Tensor {
    if (value instanceof TensorList)
      throw new FormatError('execute: an output is a list of tensors; ask for what reads it');
    if (value instanceof Variable) return value.values.alias();
    if (value instanceof Tensor) return value.alias();
    return fromValues(this.engine, value.values as number[], value.shape, value.dtype, 'execute');
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
    const given = new Map<string, Value>(this.#constants);
    for (const [i, name] of names.entries()) given.set(name, tensors[i]!);
    const plan = this.#plan(names, outputs);
    return casting({ autocast: this.#autocast, engine: this.engine }, () =>
      run(this.engine, plan, given).map((value) => this.#result(value)),
    );
  }

  #plan(names: readonly string[], outputs: readonly Endpoint[]): Plan {
    const key = JSON.stringify([names, outputs]);
    let plan = this.#plans.get(key);
    if (!plan) {
      const constants = new Set(this.#constants.keys());
      if (checkOps(this.#graph, outputs, names, constants))
        throw new FormatError(
          `${this.#graph.name}: data decide what is run, by branches, loops or lists; use executeAsync`,
        );
      plan = planOf(this.#graph, outputs, new Set([...names, ...constants]));
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
}
