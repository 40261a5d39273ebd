/** Adapter and device: choice, features, full limits, and what an adapter without WebGPU should be told. */

import { list, show } from '../values/dtype.ts';
import { AdapterError } from '../values/errors.ts';

/** Where float16 tensors lie: in native halves, or two to a u32 on devices without `shader-f16`. */
export type HalfForm = 'native' | 'packed';

export interface DeviceOptions {
  /** The WebGPU entry point. Default: `navigator.gpu`. */
  gpu?: GPU;
  /** Default: `native` where the adapter has `shader-f16`. `packed` forces the other form. */
  f16?: HalfForm;
  /** Default: `high-performance`. */
  powerPreference?: GPUPowerPreference;
}

/** A product that the adapter's matrix units do: `m` x `k` times `k` x `n`, added to `m` x `n`. */
export interface MatrixConfig {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Elements of both factors. */
  readonly input: 'f16' | 'f32';
  /** Elements of the sum. */
  readonly output: 'f16' | 'f32';
}

/** What `open` got. */
export interface EngineInfo {
  /** The adapter's own description, for example `llvmpipe (LLVM 15.0.6, 256 bits)`. */
  readonly adapter: string;
  readonly vendor: string;
  readonly architecture: string;
  readonly f16: HalfForm;
  readonly features: readonly string[];
  /** A processor plays the GPU; its speed says nothing of a graphics card's. */
  readonly software: boolean;
  readonly subgroupSize: readonly [min: number, max: number] | null;
  /** The float products of its matrix units, in the adapter's order; empty where WGSL cannot reach any. */
  readonly matrix: readonly MatrixConfig[];
  readonly limits: {
    readonly storageBinding: number;
    readonly buffer: number;
    readonly workgroupInvocations: number;
    /** Bytes of workgroup memory. */
    readonly workgroupStorage: number;
  };
}

const MATRIX = 'chromium-experimental-subgroup-matrix';
// The last two are newer than TypeScript's list.
const WANTED = [
  'shader-f16',
  'subgroups',
  'timestamp-query',
  'subgroup-size-control',
  MATRIX,
] as GPUFeatureName[];

export async function openDevice(options: DeviceOptions): Promise<{ device: GPUDevice; info: EngineInfo }> {
  if (options.f16 !== undefined && options.f16 !== 'native' && options.f16 !== 'packed') {
    throw new AdapterError(`open: unknown f16 ${show(options.f16)}; use ${list(['native', 'packed'])}`);
  }
  const gpu = options.gpu ?? (globalThis.navigator as Navigator | undefined)?.gpu;
  if (!gpu) {
    throw new AdapterError(
      "open: this host has no WebGPU (navigator.gpu); in Node import 'halftape/node', in a browser use a secure context",
    );
  }
  const adapter = await gpu.requestAdapter({
    powerPreference: options.powerPreference ?? 'high-performance',
  });
  if (!adapter) {
    throw new AdapterError(
      'open: no WebGPU adapter; install a Vulkan, Metal or D3D12 driver (on Debian: mesa-vulkan-drivers 25 or newer and libvulkan1)',
    );
  }
  if (options.f16 === 'native' && !adapter.features.has('shader-f16')) {
    throw new AdapterError(
      `open: f16 'native' asked for, but ${nameOf(adapter)} has no shader-f16; use 'packed'`,
    );
  }
  const features = WANTED.filter((feature) => adapter.features.has(feature));
  const device = await adapter.requestDevice({
    label: 'halftape',
    requiredFeatures: features,
    requiredLimits: fullLimits(adapter),
  });
  const software =
    adapter.info.isFallbackAdapter || /llvmpipe|lavapipe|swiftshader|software/i.test(nameOf(adapter));
  const subgroups = features.includes('subgroups');
  return {
    device,
    info: Object.freeze({
      adapter: nameOf(adapter),
      vendor: adapter.info.vendor,
      architecture: adapter.info.architecture,
      f16: options.f16 ?? (features.includes('shader-f16') ? 'native' : 'packed'),
      features: Object.freeze([...features]),
      software,
      subgroupSize: subgroups
        ? ([adapter.info.subgroupMinSize, adapter.info.subgroupMaxSize] as const)
        : null,
      matrix: Object.freeze(adapter.features.has(MATRIX) ? matrixConfigs(adapter.info) : []),
      limits: {
        storageBinding: device.limits.maxStorageBufferBindingSize,
        buffer: device.limits.maxBufferSize,
        workgroupInvocations: device.limits.maxComputeInvocationsPerWorkgroup,
        workgroupStorage: device.limits.maxComputeWorkgroupStorageSize,
      },
    }),
  };
}

/** As the draft of the WebGPU extension has it. */
interface DraftAdapterInfo extends GPUAdapterInfo {
  readonly subgroupMatrixConfigs?: Iterable<{
    readonly componentType: string;
    readonly resultComponentType: string;
    readonly M: number;
    readonly N: number;
    readonly K: number;
  }>;
}

function matrixConfigs(info: DraftAdapterInfo): MatrixConfig[] {
  const isFloat = (type: string): type is 'f16' | 'f32' => type === 'f16' || type === 'f32';
  return [...(info.subgroupMatrixConfigs ?? [])].flatMap(
    ({ componentType: input, resultComponentType: output, M: m, N: n, K: k }) =>
      isFloat(input) && isFloat(output) ? [Object.freeze({ m, n, k, input, output })] : [],
  );
}

function nameOf({ info }: GPUAdapter): string {
  const parts = [info.device, info.description, info.vendor, info.architecture].filter(Boolean);
  return (info.description || parts.join(' ') || 'unnamed adapter').trim();
}

/** Every limit that compute work meets, as high as the adapter goes; the defaults are far lower. */
function fullLimits(adapter: GPUAdapter): Record<string, number> {
  const names = [
    'maxBufferSize',
    'maxStorageBufferBindingSize',
    'maxStorageBuffersPerShaderStage',
    'maxComputeInvocationsPerWorkgroup',
    'maxComputeWorkgroupSizeX',
    'maxComputeWorkgroupSizeY',
    'maxComputeWorkgroupSizeZ',
    'maxComputeWorkgroupStorageSize',
    'maxComputeWorkgroupsPerDimension',
  ] as const;
  return Object.fromEntries(names.map((name) => [name, adapter.limits[name]]));
}
