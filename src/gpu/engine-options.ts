/** What an engine is opened with, beside the choice of its device. */
import { ArgumentError } from '../values/errors.ts';
import type { DeviceOptions } from './adapter.ts';
import type { Libraries } from './specialise.ts';

export interface Host {
  /** How to wait for the GPU, given whether a processor plays it. */
  readonly wait: <T>(promise: Promise<T>, software: boolean) => Promise<T>;
  /** Bytes of main memory that are free: where a software adapter keeps its buffers. */
  readonly freeMemory: number;
  /** What was measured on this machine before, by key. Neither throws: what cannot be kept is measured again. */
  readonly notes: Notes;
}

export interface Notes {
  read(key: string): Promise<string | undefined>;
  write(key: string, text: string): Promise<void>;
}

/** The storage of a browser, which may be absent, full or forbidden. */
const browserNotes: Notes = {
  read: async (key) => {
    try {
      return globalThis.localStorage?.getItem(key) ?? undefined;
    } catch {
      return undefined;
    }
  },
  write: async (key, text) => {
    try {
      globalThis.localStorage?.setItem(key, text);
    } catch {}
  },
};

export const PLAIN_HOST: Host = {
  wait: (promise) => promise,
  freeMemory: Number.POSITIVE_INFINITY,
  notes: browserNotes,
};
const DEFAULT_BUDGET = 2 ** 33;

export interface EngineOptions extends DeviceOptions {
  /**
   * Most bytes of GPU memory. Drivers do not report running out, so the engine counts. Default: 8 GiB; on a
   * software adapter in Node at most half of the main memory that is free.
   */
  memoryBudget?: number;
  /** Seed of initial weights, sample order and dropout, a u32. Default 0. */
  seed?: number;
  /** What the host can do beyond WebGPU; `halftape/node` sets it. */
  host?: Host;
  /** Texts of `shaders/lib`. */
  libraries: Libraries;
}

/** The options with their defaults. Throws `ArgumentError`. */
export function checkEngineOptions(options: EngineOptions): {
  memoryBudget: number | undefined;
  seed: number;
  host: Host;
} {
  const { memoryBudget, seed = 0, host = PLAIN_HOST } = options;
  if (memoryBudget !== undefined && !(memoryBudget > 0)) {
    throw new ArgumentError(`open: memoryBudget ${memoryBudget}; use a number of bytes above 0`);
  }
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff) {
    throw new ArgumentError(`open: seed ${seed}; use a whole number from 0 to 2^32 - 1`);
  }
  return { memoryBudget, seed, host };
}

/** A software adapter's buffers lie in main memory, of which half is left to others. */
export function defaultBudget(software: boolean, { freeMemory }: Host): number {
  return Math.min(DEFAULT_BUDGET, software ? freeMemory / 2 : DEFAULT_BUDGET);
}
