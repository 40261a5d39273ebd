/** The op contract: one description gives shape rule, kernel, gradient and precision class; `defineOp` makes the function. */
import type { Engine } from '../gpu/engine.ts';
import type { DType } from '../values/dtype.ts';
import { ArgumentError } from '../values/errors.ts';
import type { Shape } from '../values/shape.ts';
import { castInputs, nameOp, opMade, type PrecisionClass } from './autocasting.ts';
import { launch, opStored } from './observing.ts';
import { type Gradients, type Recorded, recordOp } from './recording.ts';
import { emptyTensor, type Tensor } from './tensor.ts';

export type { PrecisionClass };

export interface Spec {
  readonly shape: Shape;
  readonly dtype: DType;
}

export interface BackwardContext<A> extends Recorded {
  /** Gradient by each output; null where nothing depends on it. */
  readonly gradients: readonly (Tensor | null)[];
  readonly attributes: A;
}

export interface OpDefinition<A> {
  readonly name: string;
  readonly precision: PrecisionClass;
  /** Places of the inputs that share one dtype, which autocast may choose; others, such as statistics, keep theirs. Default: all. */
  readonly uniform?: readonly number[];
  /** Results are values of the inputs, as they are: no kernel rounds them. */
  readonly moves?: boolean;
  /** Shapes and dtypes of the results. Pure; throws `ShapeError` or `DtypeError` before any GPU work. */
  infer(inputs: readonly Tensor[], attributes: A): readonly Spec[];
  /** Launches the kernels. Absent where results only look at the first input's memory with another shape. */
  readonly forward?: (inputs: readonly Tensor[], outputs: readonly Tensor[], attributes: A) => void;
  /** One gradient an input, made of ops, so that outer tapes record it. Absent where there is none. */
  readonly backward?: (context: BackwardContext<A>) => Gradients;
}

export type Op<A> = (inputs: readonly Tensor[], attributes: A) => Tensor[];

export function defineOp<A>(definition: OpDefinition<A>): Op<A> {
  const { name, precision, uniform, moves = false, forward, backward } = definition;
  nameOp(name);
  return (given, attributes) => {
    const engine = engineOf(name, given);
    const call = { name, precision, uniform, inputs: given };
    const { inputs, why } = castInputs(call);
    const specs = definition.infer(inputs, attributes);
    const outputs = forward
      ? specs.map(({ shape, dtype }) => emptyTensor(engine, shape, dtype, name))
      : // A view of a variable's f16 copy is such a copy too: its gradient stays float32.
        specs.map(({ shape }) => inputs[0]!.alias(shape, { halfCopy: inputs[0]!.halfCopy }));
    try {
      if (forward) launch(() => forward(inputs, outputs, attributes));
    } catch (error) {
      for (const output of outputs) output.dispose();
      throw error;
    }
    opMade(call, inputs, outputs, why);
    if (forward) {
      const again = (results: readonly Tensor[]) => launch(() => forward(inputs, results, attributes));
      opStored(name, inputs, outputs, { moves, again });
    }
    recordOp(name, inputs, outputs, (gradients, recorded) => {
      if (!backward) throw new ArgumentError(`${name}: it has no gradient; put ht.stopGradient around it`);
      return backward({ ...recorded, gradients, attributes });
    });
    return outputs;
  };
}

/** The engine that all inputs share. Throws `ArgumentError` when they do not, `DisposedError` when one is gone. */
function engineOf(name: string, inputs: readonly Tensor[]): Engine {
  const engine = inputs[0]!.engine;
  for (const input of inputs) {
    if (input.engine !== engine)
      throw new ArgumentError(`${name}: tensors of two engines; move one with await data()`);
    // Reading the storage checks that neither tensor nor engine is gone.
    void input.storage;
  }
  return engine;
}

/** The dtype in which the gradient of an input should leave an f32 accumulator: wide for the copy of an f32 master. */
export function gradientDType(input: Tensor): DType {
  return input.halfCopy ? 'float32' : input.dtype;
}
