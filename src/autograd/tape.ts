/** `GradientTape`: ops in execution order, so that backward is one reversed loop; gradients are made of ops, so tapes nest. */
import { cast } from '../ops/cast.ts';
import { onesLike, zerosLike } from '../ops/creation.ts';
import { isFloat, list, show } from '../values/dtype.ts';
import { ArgumentError, DtypeError, ShapeError } from '../values/errors.ts';
import { checkOptions } from '../values/options.ts';
import { sameShape, showShape } from '../values/shape.ts';
import { autocaster, walkingBack } from './autocasting.ts';
import { addCarried, alike, carriedOn, uncarried } from './carried.ts';
import { checkTargets, type Source, tensorOf } from './gradient-arguments.ts';
import { inGradient } from './part.ts';
import {
  Carried,
  isRecording,
  type Recorder,
  type TapeNode,
  withoutRecorder,
  withRecorder,
} from './recording.ts';
import { enterScope, inScope, leaveScopes } from './scope.ts';
import type { Tensor } from './tensor.ts';

export interface TapeOptions {
  /** Whether `gradient` may be called more than once. Default false. */
  persistent?: boolean;
  /** Whether trainable variables are watched by themselves. Default true. */
  watchVariables?: boolean;
}

export interface GradientOptions {
  /** Upstream gradients, one a target. Default: ones. */
  outputGradients?: Tensor | readonly Tensor[];
  /** What stands for the gradient by a source on which no target depends: null or zeros. Default `'none'`. */
  unconnected?: 'none' | 'zero';
}

const leaked = new FinalizationRegistry<TapeNode[]>(releaseNodes);

export class GradientTape implements Recorder {
  readonly #persistent: boolean;
  readonly #watchVariables: boolean;
  readonly #nodes: TapeNode[] = [];
  readonly #watched = new Set<number>();
  #used = false;

  constructor(options: TapeOptions = {}) {
    checkOptions('GradientTape', options, ['persistent', 'watchVariables']);
    this.#persistent = options.persistent ?? false;
    this.#watchVariables = options.watchVariables ?? true;
    leaked.register(this, this.#nodes, this);
    enterScope(this);
  }

  /** Runs `fn` while the tape records, and returns its result. Ops on watched values and trainable variables are kept. */
  record<T>(fn: () => T): T {
    this.#requireUnused('record');
    if (isRecording(this))
      throw new ArgumentError('GradientTape.record: this tape is recording already; nest another one');
    const result = withRecorder(this, fn);
    if (result instanceof Promise) {
      result.catch(() => {});
      throw new ArgumentError(
        'GradientTape.record: the function is async, and the tape sees none of what it does later',
      );
    }
    return result;
  }

  /** Runs `fn` unrecorded by this tape, inside `record`. */
  stopRecording<T>(fn: () => T): T {
    return withoutRecorder(this, fn);
  }

  /** Keeps what is computed from `source` from now on. Throws `DtypeError` for integers. */
  watch(...sources: readonly Source[]): void {
    for (const source of sources) {
      const tensor = tensorOf(source);
      const { id, dtype } = tensor;
      if (!isFloat(dtype)) {
        throw new DtypeError(
          `GradientTape.watch: dtype ${dtype} has no gradient; use ${list(['float32', 'float16'])}`,
        );
      }
      this.#watched.add(id);
      autocaster()?.watched?.(tensor);
    }
  }

  watches({ id, trainable }: Tensor): boolean {
    return this.#watched.has(id) || (trainable && this.#watchVariables);
  }

  /** Takes an op onto the tape; called by ops. */
  keep(node: TapeNode): void {
    this.#nodes.push(node);
    for (const output of node.outputs) if (isFloat(output.dtype)) this.#watched.add(output.id);
  }

  /**
   * Gradients of the target, or of the sum of the targets, by each source, in the source's shape and dtype; null where
   * the target does not depend on it. A tape that is not persistent is used up. Throws `ArgumentError`, `ShapeError`.
   */
  gradient(target: Tensor | readonly Tensor[], source: Source, options?: GradientOptions): Tensor | null;
  gradient(
    target: Tensor | readonly Tensor[],
    sources: readonly Source[],
    options: GradientOptions & { unconnected: 'none' },
  ): (Tensor | null)[];
  /** Typed as tensors, since in a training step they are: where one may be null, say `unconnected: 'none'`. */
  gradient(
    target: Tensor | readonly Tensor[],
    sources: readonly Source[],
    options?: GradientOptions,
  ): Tensor[];
  gradient(
    target: Tensor | readonly Tensor[],
    sources: Source | readonly Source[],
    options: GradientOptions = {},
  ): Tensor | null | (Tensor | null)[] {
    this.#requireUnused('gradient');
    const targets = Array.isArray(target) ? (target as readonly Tensor[]) : [target as Tensor];
    const wanted = (Array.isArray(sources) ? sources : [sources]).map(tensorOf);
    const given = checkTargets(targets, options.outputGradients);
    checkOptions('GradientTape.gradient', options, ['outputGradients', 'unconnected']);
    const unconnected = options.unconnected ?? 'none';
    if (unconnected !== 'none' && unconnected !== 'zero') {
      throw new ArgumentError(
        `GradientTape.gradient: unknown unconnected ${show(unconnected)}; use ${list(['none', 'zero'])}`,
      );
    }
    const results = this.#found(targets, wanted, given, (gradients) => {
      // One tensor may be the gradient by several sources; each result is to have a life of its own.
      const taken = new Set<Tensor>(given);
      return wanted.map((tensor) => {
        const carried = gradients.get(tensor.id);
        if (!carried) return unconnected === 'zero' ? zerosLike(tensor) : null;
        const gradient = finished(carried, tensor);
        const own = taken.has(gradient) ? gradient.alias() : gradient;
        taken.add(own);
        return own;
      });
    });
    return Array.isArray(sources) ? results : results[0]!;
  }

  /** `gradient` for backward steps that look at a tape of their own: with the powers of two that its results still carry. */
  carried(
    targets: readonly Tensor[],
    sources: readonly Tensor[],
    seeds: readonly Tensor[],
  ): (Carried | null)[] {
    this.#requireUnused('carried');
    return this.#found(targets, sources, seeds, (gradients) =>
      sources.map(({ id }) => {
        const found = gradients.get(id);
        return found ? new Carried(found.gradient.alias(), found.exponent?.alias()) : null;
      }),
    );
  }

  /** Lets go of everything recorded. */
  dispose(): void {
    this.#used = true;
    releaseNodes(this.#nodes);
    leaked.unregister(this);
    leaveScopes(this);
  }

  /** What `read` makes of the gradients; all else that was made on the way is disposed. */
  #found<R extends Tensor | Carried | null>(
    targets: readonly Tensor[],
    wanted: readonly Tensor[],
    given: readonly Tensor[] | undefined,
    read: (gradients: ReadonlyMap<number, Carried>) => R[],
  ): R[] {
    const walk = () => {
      const seeds = given ?? targets.map((target) => onesLike(target));
      return read(this.#walk(targets, seeds, wanted));
    };
    const counted = () => (targets[0] ? targets[0].engine.during('gradients', walk) : walk());
    const scoped = () => inScope(counted, (results) => results.flatMap(handlesIn));
    // As in TensorFlow, only a persistent tape records its own gradient computation.
    const results = walkingBack(() => (this.#persistent ? scoped() : withoutRecorder(this, scoped)));
    if (!this.#persistent) this.dispose();
    return results;
  }

  #requireUnused(method: string): void {
    if (!this.#used) return;
    throw new ArgumentError(
      `GradientTape.${method}: the tape is used up; make a new one, or new GradientTape({ persistent: true }) for several gradients`,
    );
  }

  #walk(
    targets: readonly Tensor[],
    seeds: readonly Tensor[],
    wanted: readonly Tensor[],
  ): Map<number, Carried> {
    const onPath = new Set(wanted.filter((source) => this.watches(source)).map(({ id }) => id));
    for (const { inputs, outputs } of this.#nodes) {
      if (inputs.some(({ id }) => onPath.has(id))) for (const { id } of outputs) onPath.add(id);
    }
    const isWanted = new Set(wanted.map(({ id }) => id));
    const gradients = new Map<number, Carried>();
    const accumulate = (tensor: Tensor, { gradient, exponent }: Carried): void => {
      const wide = tensor.halfCopy || tensor.wideGradient;
      const own = new Carried(wide ? gradient : cast(gradient, tensor.dtype), exponent);
      const sum = gradients.get(tensor.id);
      gradients.set(tensor.id, sum ? addCarried(sum, own) : own);
    };
    for (const [index, target] of targets.entries())
      if (onPath.has(target.id)) accumulate(target, new Carried(seeds[index]!, undefined));
    // A copy: a persistent tape that still records appends to the list.
    for (const { name, part, inputs, outputs, versions, backward } of [...this.#nodes].reverse()) {
      const arrived = outputs.map(({ id }) => gradients.get(id));
      const needs = inputs.map(({ id }) => onPath.has(id));
      if (arrived.every((gradient) => gradient === undefined) || !needs.includes(true)) continue;
      if (inputs.some(({ storage }, i) => storage.version !== versions[i])) {
        throw new ArgumentError(
          `GradientTape.gradient: a variable has changed since ${name} read it; take all gradients before changing variables`,
        );
      }
      for (const { id } of outputs) if (!isWanted.has(id)) gradients.delete(id);
      inGradient(part, () => {
        const { gradients: upstream, exponent } = alike(arrived);
        const downstream = backward(upstream, { inputs, outputs, needs });
        for (const [i, input] of inputs.entries()) {
          const given = downstream[i];
          if (!needs[i] || !given) continue;
          const carried = carriedOn(given, exponent);
          const { shape } = carried.gradient;
          if (!sameShape(shape, input.shape)) {
            throw new ShapeError(
              `${name}: its gradient by input ${i} has shape ${showShape(shape)}, the input ${showShape(input.shape)}`,
            );
          }
          accumulate(input, carried);
        }
      });
    }
    return gradients;
  }
}

/** A gradient as users get it: in its source's dtype, with nothing that it carries. What overwrites a variable is no gradient, and carries nothing. */
function finished(carried: Carried, { dtype, halfCopy, variable }: Tensor): Tensor {
  if (variable?.overwriteWithGradient) return carried.gradient;
  return uncarried(carried, halfCopy ? carried.gradient.dtype : dtype);
}

function handlesIn(result: Tensor | Carried | null): Tensor[] {
  if (!(result instanceof Carried)) return result ? [result] : [];
  return result.exponent ? [result.gradient, result.exponent] : [result.gradient];
}

function releaseNodes(nodes: TapeNode[]): void {
  for (const { inputs, outputs } of nodes.splice(0))
    for (const tensor of [...inputs, ...outputs]) tensor.dispose();
}

/** The value of `fn(...xs)`, a scalar as a rule, and its gradients by each of `xs`. */
export function valueAndGradients(
  fn: (...xs: Tensor[]) => Tensor,
  xs: readonly Tensor[],
): { value: Tensor; gradients: (Tensor | null)[] } {
  const tape = new GradientTape();
  tape.watch(...xs);
  const value = tape.record(() => fn(...xs));
  return { value, gradients: tape.gradient(value, xs) };
}
