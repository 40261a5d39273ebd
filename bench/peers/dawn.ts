/** A browser's WebGPU in Node for libraries that expect one, on the adapter and with the toggles of `src/node.ts`. */
import { load } from './packages.ts';
import type { OpenPeerOptions } from './peer.ts';

interface DawnPackage {
  create(flags: readonly string[]): GPU;
  readonly globals: object;
}

export interface Dawn {
  /** Its name as `engine.info.adapter` gives it. */
  readonly adapter: string;
  /**
   * Awaits a promise. On a software adapter a pending promise makes Dawn's binding poll at the speed of a core that the
   * "GPU" needs; with a lent wait this sleeps between two looks, as Halftape does, which about doubles what peers reach.
   */
  wait<T>(promise: Promise<T>): Promise<T>;
}

// Dawn's instance: once collected while a device lives, the process crashes.
let instance: GPU | undefined;

const SHORT_MS = 2;
const cell = new Int32Array(new SharedArrayBuffer(4));

async function sleepingWait<T>(promise: Promise<T>): Promise<T> {
  let pending = true;
  const settled = () => {
    pending = false;
  };
  promise.then(settled, settled);
  const start = performance.now();
  while (pending) {
    await new Promise((resolve) => setImmediate(resolve));
    if (pending && performance.now() - start > SHORT_MS) Atomics.wait(cell, 0, 0, 1);
  }
  return promise;
}

/** Sets `navigator` and the WebGPU globals; to be called before the library is loaded. */
export async function openDawn({ adapter: wanted, lentWait }: OpenPeerOptions): Promise<Dawn> {
  const { create, globals } = load<DawnPackage>('webgpu');
  instance = create([
    'enable-dawn-features=vulkan_enable_f16_on_nvidia',
    'disable-dawn-features=timestamp_quantization',
    ...(wanted ? [`adapter=${wanted}`] : []),
  ]);
  Object.assign(globalThis, globals);
  // jax-js reads the agent, to tell phones from desktops.
  const navigator = { gpu: instance, userAgent: `Node.js/${process.versions.node}` };
  Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true });

  const adapter = await instance.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) throw new Error('no WebGPU adapter');
  const { description, device, vendor, architecture } = adapter.info;
  const name = (description || [device, vendor, architecture].filter(Boolean).join(' ')).trim();
  return { adapter: name, wait: lentWait ? sleepingWait : awaitPlainly };
}

/** As a peer's users wait; a backend that computes in its own thread needs no other. */
export const awaitPlainly: Dawn['wait'] = (promise) => promise;
