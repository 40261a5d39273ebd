/** Operands of the bench: known numbers in GPU memory, in each storage that an engine can have. */
import type { Engine } from '../src/gpu/engine.ts';
import { bytesOf, type Operand } from '../src/kernels/operand.ts';
import * as ht from '../src/node.ts';
import type { FloatDType } from '../src/values/dtype.ts';
import { toHalf } from '../src/values/half.ts';
import { decode } from '../src/values/nested.ts';

export type { Operand } from '../src/kernels/operand.ts';

/** How numbers lie in memory: `packed` are halves on an engine that knows no native ones. */
export type Storage = 'f32' | 'f16' | 'packed';

/** An engine for native halves, where the adapter has them, and one for packed ones. */
export interface Engines {
  readonly native: Engine | undefined;
  readonly packed: Engine;
  /** The one that copies, casts and ceilings are measured on. */
  readonly main: Engine;
  close(): void;
}

export async function openEngines(): Promise<Engines> {
  const packed = await ht.open({ f16: 'packed' });
  const best = await ht.open();
  const native = best.info.f16 === 'native' ? best : undefined;
  if (!native) best.close();
  const engines = native ? [native, packed] : [packed];
  return {
    native,
    packed,
    main: native ?? packed,
    close: () => {
      for (const engine of engines) engine.close();
    },
  };
}

export function storagesOf({ native }: Engines): readonly Storage[] {
  return native ? ['f32', 'f16', 'packed'] : ['f32', 'packed'];
}

export function engineOf(engines: Engines, storage: Storage): Engine {
  return storage === 'packed' ? engines.packed : engines.main;
}

export function dtypeOf(storage: Storage): FloatDType {
  return storage === 'f32' ? 'float32' : 'float16';
}

export function stored(engine: Engine, values: Float32Array, dtype: FloatDType): Operand {
  const data = dtype === 'float16' ? halvesOf(values) : values;
  return { engine, storage: engine.store(data, 'kept', 'bench'), dtype, size: values.length };
}

/** Few different numbers are met, and each is converted once: there may be millions. */
function halvesOf(values: Float32Array): Uint16Array {
  const known = new Map<number, number>();
  return Uint16Array.from(values, (value) => {
    let bits = known.get(value);
    if (bits === undefined) {
      bits = toHalf(value);
      known.set(value, bits);
    }
    return bits;
  });
}

export function room(engine: Engine, size: number, dtype: FloatDType): Operand {
  return { engine, storage: engine.allocate(bytesOf(dtype, size), 'kept', 'bench'), dtype, size };
}

export async function valuesOf({ engine, storage, dtype, size }: Operand): Promise<Float32Array> {
  const [bytes] = await engine.read([{ storage, bytes: bytesOf(dtype, size) }]);
  return decode(bytes!, dtype, size) as Float32Array;
}

export function release(...operands: readonly Operand[]): void {
  for (const { engine, storage } of operands) engine.release(storage);
}
