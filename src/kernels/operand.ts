/** What kernels take: memory with its dtype and element count. */
import type { Engine } from '../gpu/engine.ts';
import type { ElementType } from '../gpu/shader.ts';
import type { Storage } from '../gpu/storage.ts';
import { BYTES, type DType } from '../values/dtype.ts';

export interface Operand {
  readonly engine: Engine;
  readonly storage: Storage;
  readonly dtype: DType;
  readonly size: number;
}

/** The form in which a dtype lies in an engine's memory. */
export function elementOf({ engine, dtype }: Pick<Operand, 'engine' | 'dtype'>): ElementType {
  if (dtype === 'float32') return 'f32';
  if (dtype === 'int32') return 'i32';
  if (dtype === 'float16') return engine.info.f16 === 'native' ? 'f16' : 'packed';
  return 'u32';
}

/**
 * The form in which kernels that wait for their loads read a dtype: where a processor plays the GPU, every element that a lane
 * loads costs a bounds check and an insertion, so that two halves as one word take half the time of two halves.
 */
export function readForm(operand: Operand): ElementType {
  const element = elementOf(operand);
  return element === 'f16' && operand.engine.info.software ? 'packed' : element;
}

/** The type kernels compute in: f32 for floats, the integers' own type otherwise. */
export function accumulatorOf(operand: Operand): ElementType {
  const element = elementOf(operand);
  return element === 'i32' || element === 'u32' ? element : 'f32';
}

/** The form for kernels that only move elements: whole words, or pairs of halves. */
export function bitsElementOf({ dtype }: Pick<Operand, 'dtype'>): ElementType {
  return dtype === 'float16' ? 'packed' : 'u32';
}

/** Bits of `value` in the type that kernels compute in. */
export function bitsOf(operand: Operand, value: number): number {
  const words = { f32: Float32Array, i32: Int32Array, u32: Uint32Array };
  const type = words[accumulatorOf(operand) as keyof typeof words];
  return new Uint32Array(type.of(value).buffer)[0]!;
}

/** Invocations of kernels in which each one owns a quad of elements. */
export function quadsOf({ size }: Operand): number {
  return quads(size);
}

/** Quads that hold `count` elements. */
export function quads(count: number): number {
  return Math.ceil(count / 4);
}

const unused = new WeakMap<Engine, Storage[]>();

/** Memory to bind where a variant of a shader leaves a binding untouched; the index tells apart those of one dispatch. */
export function unusedStorage(engine: Engine, index = 0): Storage {
  let storages = unused.get(engine);
  if (!storages) {
    storages = [];
    unused.set(engine, storages);
  }
  storages[index] ??= engine.untraced(() => engine.allocate(256, 'kept', 'open'));
  return storages[index];
}

/** Bytes of `size` elements in GPU memory. */
export function bytesOf(dtype: DType, size: number): number {
  return BYTES[dtype] * size;
}
