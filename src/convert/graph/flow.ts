/** A graph whose course depends on data is run: what the host has to know is read from the GPU where it is met, branches and loops are taken. */
import { Tensor } from '../../autograd/tensor.ts';
import { Variable } from '../../autograd/variable.ts';
import type { Engine } from '../../gpu/engine.ts';
import { casting } from '../../nn/steps.ts';
import type { AutocastOptions } from '../../precision/autocast.ts';
import { FormatError, ShapeError } from '../../values/errors.ts';
import { renamed, runNode } from './execution.ts';
import { calledBy, isCall } from './functions.ts';
import type { Endpoint, GraphFunction, GraphNode } from './graph.ts';
import { HostArray } from './host-array.ts';
import { OnGpuError, type Value } from './op-call.ts';
import { HOST, isFlow } from './ops/index.ts';
import { functionOf, type Plan, planOf } from './plan.ts';
import { TensorList } from './tensor-list.ts';

export interface FlowOptions {
  readonly engine: Engine;
  /** By the names of nodes, of functions too. */
  readonly constants: ReadonlyMap<string, Value>;
  readonly maxIterations: number;
  readonly autocast: AutocastOptions | undefined;
}

/** What a branch gives that is not taken. */
const DEAD = 'dead';
type Slot = Value | typeof DEAD;
type Slots = readonly Slot[] | typeof DEAD;

/** Deepest calls of functions by functions. */
const DEEPEST = 100;

/** A function that is being run. */
interface Frame {
  readonly fn: GraphFunction;
  readonly plan: Plan;
  readonly given: ReadonlyMap<string, Value>;
  readonly results: Map<string, Slots>;
  /** How often the results of each node are still asked for. */
  readonly left: Map<string, number>;
  readonly depth: number;
}

/** What nodes before `to` made that is still asked for, and how often what they took is. */
interface Stretch {
  readonly to: number;
  readonly made: readonly (readonly [string, Slots])[];
  readonly left: readonly (readonly [string, number])[];
}

export class Flow {
  readonly #options: FlowOptions;
  readonly #plans = new Map<GraphFunction, Plan>();
  /** What was read from the GPU. */
  readonly #read = new WeakMap<Tensor, HostArray>();
  /** Tensors that lists hold, until the end. */
  readonly #kept = new Set<Tensor>();
  #iterations = 0;

  constructor(options: FlowOptions) {
    this.#options = options;
  }

  /** The values of a function's outputs, tensors with handles of their own. Throws what ops throw, and `FormatError` for loops without end. */
  async run(fn: GraphFunction, args: readonly Value[]): Promise<Value[]> {
    try {
      return await this.#call(fn, args, 0);
    } finally {
      for (const tensor of this.#kept) tensor.dispose();
    }
  }

  async #call(fn: GraphFunction, args: readonly Value[], depth: number): Promise<Value[]> {
    if (depth > DEEPEST) throw new FormatError('functions that call each other without end');
    if (args.length !== fn.inputs.length)
      throw new FormatError(`${args.length} arguments for a function of ${fn.inputs.length}`);
    const plan = this.#planOf(fn);
    const given = new Map<string, Value>(fn.known);
    for (const [i, name] of fn.inputs.entries()) given.set(name, args[i]!);
    const frame: Frame = { fn, plan, given, results: new Map(), left: new Map(plan.uses), depth };
    try {
      await this.#nodes(frame);
      return plan.outputs.map((output) => {
        const value = this.#at(frame, 'the outputs', output);
        if (value === DEAD) throw new FormatError(`node '${output.node}' is in a branch that was not taken`);
        return handle(value);
      });
    } finally {
      for (const slots of frame.results.values()) free(slots);
    }
  }

  #planOf(fn: GraphFunction): Plan {
    const fed = [...fn.inputs, ...(fn.known?.keys() ?? []), ...this.#options.constants.keys()];
    const plan = this.#plans.get(fn) ?? planOf(fn.graph, fn.outputs, new Set(fed));
    this.#plans.set(fn, plan);
    return plan;
  }

  #at(frame: Frame, where: string, { node, output }: Endpoint, made?: ReadonlyMap<string, Slots>): Slot {
    const slots = made?.get(node) ?? frame.results.get(node);
    const given = output === 0 ? (frame.given.get(node) ?? this.#options.constants.get(node)) : undefined;
    const value = slots === DEAD ? DEAD : (given ?? slots?.[output]);
    if (!value) throw new FormatError(`${where}: node '${node}' has no output ${output}`);
    return value;
  }

  async #nodes(frame: Frame): Promise<void> {
    const { nodes } = frame.plan;
    const { autocast: rules, engine } = this.#options;
    for (let at = 0; at < nodes.length; at++) {
      const { to, made, left } = casting({ autocast: rules, engine }, () => this.#stretch(frame, at));
      for (const [name, slots] of made) frame.results.set(name, slots);
      for (const [name, count] of left) asked(frame, name, count);
      at = to;
      const node = nodes[at];
      if (!node) return;
      const inputs = node.inputs.map((input) => this.#at(frame, `node '${node.name}'`, input));
      frame.results.set(node.name, await this.#one(frame, node, inputs));
      for (const { node: name } of node.inputs) asked(frame, name, frame.left.get(name)! - 1);
    }
  }

  /** Runs nodes as far as nothing has to be waited for. Changes nothing outside: autocast runs it twice. */
  #stretch(frame: Frame, from: number): Stretch {
    const made = new Map<string, Slots>();
    const left = new Map<string, number>();
    let at = from;
    for (; at < frame.plan.nodes.length; at++) {
      const node = frame.plan.nodes[at]!;
      if (isFlow(node.op)) break;
      const inputs = node.inputs.map((input) => this.#at(frame, `node '${node.name}'`, input, made));
      const slots = inputs.includes(DEAD) ? DEAD : this.#attempt(node, inputs as Value[]);
      if (!slots) break;
      made.set(node.name, slots);
      for (const { node: name } of node.inputs) {
        const count = (left.get(name) ?? frame.left.get(name)!) - 1;
        left.set(name, count);
        if (count > 0 || !made.has(name)) continue;
        free(made.get(name)!);
        made.delete(name);
      }
    }
    return { to: at, made: [...made], left: [...left] };
  }

  /** Undefined where something has to be read from the GPU first. */
  #attempt(node: GraphNode, inputs: readonly Value[]): readonly Value[] | undefined {
    try {
      return runNode(this.#options.engine, node, inputs);
    } catch (error) {
      if (wantedBy(error, node, inputs).length > 0) return undefined;
      throw error;
    }
  }

  async #one(frame: Frame, node: GraphNode, inputs: readonly Slot[]): Promise<Slots> {
    if (node.op === 'Merge') return merged(inputs);
    if (inputs.includes(DEAD)) return DEAD;
    const values = inputs as Value[];
    if (node.op === 'Switch') {
      const [data, taken] = [handle(values[0]!), await this.#isTrue(node, values[1])];
      return taken ? [DEAD, data] : [data, DEAD];
    }
    if (!isCall(node.op)) return this.#known(node, values);
    const functions = calledBy(node).map((name) => functionOf(frame.fn.graph, name));
    try {
      if (functions.length === 2 && /While$/.test(node.op))
        return await this.#loop(node, functions as [GraphFunction, GraphFunction], values, frame.depth + 1);
      const [yes, no] = functions;
      const chosen = (await this.#isTrue(node, values[0])) ? yes! : no!;
      return await this.#call(chosen, values.slice(1), frame.depth + 1);
    } catch (error) {
      throw renamed(node, error);
    }
  }

  async #loop(
    node: GraphNode,
    [condition, body]: readonly [GraphFunction, GraphFunction],
    args: readonly Value[],
    depth: number,
  ): Promise<readonly Value[]> {
    let state = args.map(handle);
    try {
      for (;;) {
        const go = await this.#call(condition, state, depth);
        const goes = await this.#isTrue(node, go[0]);
        free(go);
        if (!goes) return state;
        if (++this.#iterations > this.#options.maxIterations)
          throw new FormatError(`more than ${this.#options.maxIterations} iterations; raise maxIterations`);
        const next = await this.#call(body, state, depth);
        free(state);
        state = next;
      }
    } catch (error) {
      free(state);
      throw error;
    }
  }

  /** A node that wants some of its inputs on the host. */
  async #known(node: GraphNode, inputs: readonly Value[]): Promise<readonly Value[]> {
    const known = [...inputs];
    for (;;) {
      try {
        const results = runNode(this.#options.engine, node, known);
        for (const value of results) if (value instanceof TensorList) this.#keep(value);
        return results;
      } catch (error) {
        const wanted = wantedBy(error, node, known);
        if (wanted.length === 0) throw error;
        for (const index of wanted) known[index] = await this.#onHost(known[index]!);
      }
    }
  }

  #keep({ items }: TensorList): void {
    for (const item of items) if (item instanceof Tensor) this.#kept.add(item);
  }

  async #isTrue(node: GraphNode, value: Value | undefined): Promise<boolean> {
    const known = value && (await this.#onHost(value));
    if (known instanceof HostArray && known.size === 1) return Boolean(known.values[0]);
    throw new FormatError(`node '${node.name}' (${node.op}): its condition is not one element`);
  }

  async #onHost(value: Value): Promise<Value> {
    if (value instanceof HostArray || value instanceof TensorList) return value;
    const tensor = value instanceof Variable ? value.values : value;
    const { shape, dtype } = tensor;
    const known = this.#read.get(tensor) ?? new HostArray(await tensor.data(), shape, dtype);
    this.#read.set(tensor, known);
    return known;
  }
}

/**
 * Inputs that have to be on the host before a node can be run that threw this: the one that it asked for; all of them where the result, or an
 * input, has no elements, which tensors cannot be. None where that would not help.
 */
function wantedBy(error: unknown, { op }: GraphNode, inputs: readonly Value[]): number[] {
  const cause = error instanceof ShapeError ? error.cause : undefined;
  if (cause instanceof OnGpuError) return [cause.input];
  if (!(cause instanceof ShapeError && Object.hasOwn(HOST, op))) return [];
  return inputs.flatMap((value, i) => (value instanceof HostArray || value instanceof TensorList ? [] : [i]));
}

/** The first input that was taken, and which one that is. */
function merged(inputs: readonly Slot[]): Slots {
  const index = inputs.findIndex((value) => value !== DEAD);
  if (index < 0) return DEAD;
  return [handle(inputs[index] as Value), HostArray.scalar(index, 'int32')];
}

/** A handle of its own on the same values. */
function handle(value: Value): Value {
  return value instanceof Tensor ? value.alias() : value;
}

function free(slots: Slots): void {
  if (slots !== DEAD) for (const value of slots) if (value instanceof Tensor) value.dispose();
}

function asked(frame: Frame, name: string, count: number): void {
  frame.left.set(name, count);
  const slots = count > 0 ? undefined : frame.results.get(name);
  if (!slots) return;
  free(slots);
  frame.results.delete(name);
}
