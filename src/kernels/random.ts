/** Launches `random.wgsl`; the seed and the number of draws lie in GPU memory, so replayed programs draw new numbers. */

import { random_advance, random as shader } from '../generated/shaders.ts';
import type { Engine } from '../gpu/engine.ts';
import { linearGrid } from '../gpu/shader.ts';
import type { Storage } from '../gpu/storage.ts';
import { castKernel } from './cast.ts';
import { accumulatorOf, elementOf, type Operand, quadsOf } from './operand.ts';

export type RandomCase = keyof typeof shader.constants;

const generators = new WeakMap<Engine, Storage>();

function generatorOf(engine: Engine): Storage {
  let generator = generators.get(engine);
  if (!generator) {
    generator = engine.untraced(() =>
      engine.store(new Uint32Array([engine.seed, 0, 0, 0]), 'kept', 'random'),
    );
    generators.set(engine, generator);
  }
  return generator;
}

/** A number that grows by one with every draw. */
export function drawsOf(engine: Engine): number {
  return generatorOf(engine).version;
}

/** Copies the generator's state, four words. */
export function saveDraws(state: Operand): void {
  castKernel(words(state.engine), state);
}

/** Puts back a state that was saved. */
export function setDraws(state: Operand): void {
  castKernel(state, words(state.engine));
}

/** The next `count` draws are those made last. */
export function rewindDraws(engine: Engine, count: number): void {
  advance(engine, 2 ** 32 - count);
}

function words(engine: Engine): Operand {
  return { engine, storage: generatorOf(engine), dtype: 'uint32', size: 4 };
}

function advance(engine: Engine, draws: number): void {
  engine.run(random_advance, {
    types: {},
    bindings: { generator: generatorOf(engine) },
    params: { draws },
    workgroups: [1, 1, 1],
  });
}

/** UNIFORM in [low, high); NORMAL with mean low and deviation high; MASK is high where a uniform number >= low, else 0. */
export function randomKernel(kind: RandomCase, y: Operand, low: number, high: number): void {
  const generator = generatorOf(y.engine);
  y.engine.run(shader, {
    types: { Out4: elementOf(y), Acc: accumulatorOf(y) },
    overrides: { KIND: shader.constants[kind], HALF: y.dtype === 'float16' },
    bindings: { generator, y: y.storage },
    params: { size: y.size, low, high },
    workgroups: linearGrid(quadsOf(y), 64),
  });
  advance(y.engine, 1);
}
