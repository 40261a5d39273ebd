/** The states of a stateful layer between batches, in float32; `jit` reads and writes them in place. */
import { isRepeating } from '../../autograd/checkpoint.ts';
import type { Tensor } from '../../autograd/tensor.ts';
import { Variable } from '../../autograd/variable.ts';
import type { Engine } from '../../gpu/engine.ts';
import { cast } from '../../ops/cast.ts';
import { mul } from '../../ops/mul.ts';
import { ArgumentError, ShapeError } from '../../values/errors.ts';
import { type Shape, sameShape, showShape, sizeOf } from '../../values/shape.ts';

export class RecurrentMemory {
  #states: readonly Variable[] = [];
  /** That of the first state's memory before any batch. */
  #fresh = 0;

  /** The `count` states that were kept last, zeros at first. Throws `ShapeError` where they are not of this shape. */
  read(where: string, engine: Engine, shape: Shape, count: number): readonly Tensor[] {
    if (isRepeating())
      throw new ArgumentError(
        `${where}: stateful, and called again by checkpoint when its states are others; call it outside`,
      );
    const first = this.#states[0];
    if (!first || first.engine !== engine || !sameShape(first.shape, shape)) {
      if (first && !first.engine.closed && first.storage.version !== this.#fresh)
        throw new ShapeError(
          `${where}: stateful, its states are ${showShape(first.shape)}, the batch needs ${showShape(shape)}; use batches of one size, or resetStates()`,
        );
      this.#make(where, engine, shape, count);
    }
    // Copies: the backward pass reads them when the next states are there already.
    return this.#states.map((state) => mul(state, 1));
  }

  keep(states: readonly Tensor[]): void {
    for (const [i, state] of states.entries()) this.#states[i]!.assign(cast(state, 'float32'));
  }

  /** Zeros from now on. */
  reset(): void {
    for (const state of this.#states) state.assign(new Float32Array(state.size));
    this.#fresh = this.#states[0]?.storage.version ?? 0;
  }

  dispose(): void {
    for (const state of this.#states) state.dispose();
    this.#states = [];
  }

  #make(where: string, engine: Engine, shape: Shape, count: number): void {
    this.dispose();
    this.#states = Array.from({ length: count }, (_, i) => {
      const options = { name: `${where}/state${i}`, trainable: false };
      return new Variable(engine, new Float32Array(sizeOf(shape)), shape, 'float32', options);
    });
    this.#fresh = this.#states[0]!.storage.version;
  }
}
