/** Launches `rescale.wgsl`: gradients times powers of two that lie in GPU memory. */
import { rescale } from '../generated/shaders.ts';
import { linearGrid } from '../gpu/shader.ts';
import { BEYOND } from './epilogue.ts';
import { elementOf, type Operand, quadsOf, unusedStorage } from './operand.ts';

/** A gradient with the exponent, an int32 scalar, of a power of two. */
export interface Power {
  readonly of: Operand;
  readonly exponent: Operand;
}

/** `y` = a 2^p (UP) or a 2^-p (DOWN). */
export function rescaleKernel(mode: 'UP' | 'DOWN', a: Power, y: Operand): void {
  launch(mode, a, a, y);
}

/** `y` is 2^min(p, q) times the sum of what `a` is 2^p times, and `b`, of the same dtype, 2^q times. */
export function meetKernel(a: Power, b: Power, y: Operand): void {
  launch('MEET', a, b, y);
}

function launch(mode: 'UP' | 'DOWN' | 'MEET', a: Power, b: Power, y: Operand): void {
  y.engine.run(rescale, {
    types: { In4: elementOf(a.of), Out4: elementOf(y), Acc: 'f32' },
    overrides: {
      MODE: rescale.constants[mode],
      OVERFLOW: false,
      OVERFLOW_FROM: y.dtype === 'float16' ? BEYOND.float16 : BEYOND.float32,
    },
    bindings: {
      ...{ a: a.of.storage, p: a.exponent.storage, b: b.of.storage, q: b.exponent.storage, y: y.storage },
      // A buffer of its own: this one is bound for writing.
      overflow: unusedStorage(y.engine, 1),
    },
    params: { size: y.size },
    workgroups: linearGrid(quadsOf(y), 64),
  });
}
