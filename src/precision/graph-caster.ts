/** Autocast as TensorFlow's graph rewrite has it: the function is run once without work for its graph, which is painted, then again with casts. */
import {
  type Autocaster,
  logOp,
  type OpCall,
  type PrecisionClass,
  withAutocaster,
  withOpLog,
} from '../autograd/autocasting.ts';
import { unobserved } from '../autograd/observing.ts';
import { runsIn } from '../autograd/part.ts';
import { withoutRecorder } from '../autograd/recording.ts';
import { inScope } from '../autograd/scope.ts';
import { mapTensors, tensorsIn } from '../autograd/structure.ts';
import type { Tensor } from '../autograd/tensor.ts';
import type { Engine } from '../gpu/engine.ts';
import { cast } from '../ops/cast.ts';
import type { DType, FloatDType } from '../values/dtype.ts';
import { ArgumentError } from '../values/errors.ts';
import { Casts, recast } from './casts.ts';
import { type GraphNode, type Painted, paint } from './painting.ts';

interface Op extends GraphNode {
  readonly dtypes: readonly DType[];
}

/** A cast of integers: where all that read its result run in float16, it gives that at once. */
interface Widening {
  readonly readers: number[];
}

interface Graph {
  readonly ops: readonly Op[];
  readonly widenings: readonly Widening[];
  /** Of the tensors that the function returns. */
  readonly results: readonly DType[];
}

class Rehearsal implements Autocaster {
  readonly gradients = true;
  readonly ops: Op[] = [];
  readonly widenings: Widening[] = [];
  readonly #engine: Engine;
  readonly #classes: ReadonlyMap<string, PrecisionClass>;
  readonly #float32In: readonly string[];
  readonly #makers = new Map<number, number>();
  readonly #widened = new Map<number, Widening>();

  constructor(engine: Engine, classes: ReadonlyMap<string, PrecisionClass>, float32In: readonly string[]) {
    this.#engine = engine;
    this.#classes = classes;
    this.#float32In = float32In;
  }

  cast({ inputs }: OpCall): { inputs: readonly Tensor[]; why: string } {
    if (inputs[0]!.engine !== this.#engine)
      throw new ArgumentError('autocast: a tensor is on another engine; give that one with { engine }');
    return { inputs, why: '' };
  }

  made({ name, precision, inputs, uniform }: OpCall, outputs: readonly Tensor[]): void {
    if (name === 'cast') {
      if (isInteger(inputs[0]!) && outputs[0]!.dtype === 'float32') {
        const widening = { readers: [] };
        this.widenings.push(widening);
        this.#widened.set(outputs[0]!.id, widening);
      }
      return;
    }
    const index = this.ops.length;
    const kept = runsIn(this.#float32In);
    const chosen: Tensor[] = [];
    recast(inputs, uniform, (tensor) => {
      chosen.push(tensor);
      return tensor;
    });
    for (const { id } of inputs) this.#widened.get(id)?.readers.push(index);
    this.ops.push({
      name,
      precision: kept ? 'deny' : (this.#classes.get(name) ?? precision),
      kept,
      inputs: inputs.flatMap(({ id }) => this.#makers.get(id) ?? []),
      float32: chosen.length > 0 && chosen.every(({ dtype }) => dtype === 'float32'),
      dtypes: inputs.map(({ dtype }) => dtype),
    });
    for (const { id } of outputs) this.#makers.set(id, index);
  }
}

class Performance implements Autocaster {
  readonly gradients = true;
  readonly casts = new Casts(true);
  readonly graph: Graph;
  readonly #colours: readonly Painted[];
  #op = 0;
  #widening = 0;

  constructor(graph: Graph) {
    this.graph = graph;
    this.#colours = paint(graph.ops);
  }

  cast({ name, inputs, uniform }: OpCall): { inputs: readonly Tensor[]; why: string } {
    if (name === 'cast') return { inputs, why: '' };
    const index = this.#op++;
    const op = this.graph.ops[index];
    if (op?.name !== name) this.#refuse(`ran ${name} where it had run ${op?.name ?? 'nothing more'}`);
    const { half, why } = this.#colours[index]!;
    const dtypeOf = (at: number) => (half ? 'float16' : (op!.dtypes[at] as FloatDType));
    return { inputs: recast(inputs, uniform, (x, at) => this.casts.to(x, dtypeOf(at), name, why)), why };
  }

  made({ name, inputs: [from] }: OpCall, [result]: readonly Tensor[]): void {
    if (name !== 'cast' || result!.dtype !== 'float32') return;
    if (from!.dtype === 'float16') this.casts.widened(result!, from!);
    if (!isInteger(from!)) return;
    const readers = this.graph.widenings[this.#widening++]?.readers ?? [];
    if (readers.length > 0 && readers.every((reader) => this.#colours[reader]!.half))
      this.casts.widened(result!, from!);
  }

  watched(tensor: Tensor): void {
    this.casts.watched(tensor);
  }

  end(): void {
    if (this.#op < this.graph.ops.length) this.#refuse(`ended before ${this.graph.ops[this.#op]!.name}`);
  }

  /** A result of the function in the dtype that it has without autocast. */
  result(tensor: Tensor, dtype: DType): Tensor {
    if (tensor.dtype === dtype) return tensor;
    logOp({ name: 'cast', inputs: [tensor.dtype], dtype, why: 'result of the function', inserted: true });
    return withOpLog(undefined, () => withAutocaster(undefined, () => cast(tensor, dtype)));
  }

  #refuse(what: string): never {
    throw new ArgumentError(
      `autocast: the function ${what}; it is run twice, for its graph and with casts, and must run the same ops both times; gradients through ht.checkpoint are to be taken inside`,
    );
  }
}

/** Runs `fn` with the casts that the painting of its graph asks for. Its results keep the dtypes that they have without. */
export function runPainted<T>(
  engine: Engine,
  classes: ReadonlyMap<string, PrecisionClass>,
  float32In: readonly string[],
  fn: () => T,
): T {
  const performance = new Performance(rehearse(engine, new Rehearsal(engine, classes, float32In), fn));
  const { results } = performance.graph;
  try {
    return withAutocaster(performance, () => {
      const result = fn();
      performance.end();
      let next = 0;
      return mapTensors(result, (tensor) => performance.result(tensor, results[next++]!)) as T;
    });
  } finally {
    performance.casts.dispose();
  }
}

function rehearse<T>(engine: Engine, rehearsal: Rehearsal, fn: () => T): Graph {
  const dtypes = () => {
    const result = fn();
    if (result instanceof Promise) {
      result.catch(() => {});
      throw new ArgumentError('autocast: the function is async, and what it does later would not be seen');
    }
    return tensorsIn(result).map(({ dtype }) => dtype);
  };
  const unseen = () => unobserved(() => withOpLog(undefined, () => withAutocaster(rehearsal, dtypes)));
  const results = inScope(
    () => engine.rehearse(() => withoutRecorder(undefined, unseen)),
    () => [],
  );
  return { ops: rehearsal.ops, widenings: rehearsal.widenings, results };
}

function isInteger({ dtype }: Tensor): boolean {
  return !dtype.startsWith('float');
}
