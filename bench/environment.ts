/** Where the figures come from: adapter, driver, versions, date. */
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { create } from 'webgpu';
import type { EngineInfo } from '../src/gpu/adapter.ts';

export interface Environment {
  /** As the adapter calls itself, its driver included: `llvmpipe: Mesa 25.0.7 (LLVM 15.0.6)`. */
  readonly adapter: string;
  readonly device: string;
  readonly vendor: string;
  readonly architecture: string;
  readonly software: boolean;
  readonly features: readonly string[];
  readonly subgroupSize: readonly [number, number] | null;
  readonly matrix: EngineInfo['matrix'];
  readonly processor: string;
  readonly date: string;
  readonly versions: { readonly halftape: string; readonly webgpu: string; readonly node: string };
}

// Dawn's instance: once collected while an adapter lives, the process crashes.
let instance: GPU | undefined;

export async function readEnvironment(info: EngineInfo): Promise<Environment> {
  instance ??= create([]) as GPU;
  const adapter = await instance.requestAdapter({ powerPreference: 'high-performance' });
  const { adapter: name, vendor, architecture, software, features, subgroupSize, matrix } = info;
  const processors = cpus();
  return {
    ...{ adapter: name, device: adapter?.info.device ?? '', vendor, architecture, software, features },
    ...{ subgroupSize, matrix },
    processor: `${processors[0]?.model.trim() ?? 'unknown'}, ${processors.length} cores`,
    date: new Date().toISOString(),
    versions: {
      halftape: versionIn('../package.json'),
      webgpu: versionIn('../node_modules/webgpu/package.json'),
      node: process.versions.node,
    },
  };
}

function versionIn(path: string): string {
  return (JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as { version: string }).version;
}

/** For headings: `llvmpipe: Mesa 25.0.7 (a software adapter: a processor plays the GPU)`. */
export function adapterName({ adapter, device, software }: Environment): string {
  const name =
    device && !adapter.toLowerCase().includes(device.toLowerCase().slice(0, 8))
      ? `${device}, ${adapter}`
      : adapter;
  return software ? `${name} (a software adapter: a processor plays the GPU)` : name;
}
