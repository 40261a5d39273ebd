/** Compute pipelines by readable label, with explicit layouts; refused shaders become `ShaderError`s that name the line. */

import { ShaderError } from '../values/errors.ts';
import { ShaderStage } from './constants.ts';
import { labelOf, type Shader, type Specialisation } from './shader.ts';
import { type Libraries, specialise } from './specialise.ts';
import type { Span } from './storage.ts';

/** Uniform offsets must be multiples of this on every adapter. */
export const PARAMS_STRIDE = 256;

export interface Pipeline {
  readonly label: string;
  readonly gpu: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
  readonly layoutKey: string;
}

const MAX_BIND_GROUPS = 4096;

export class Pipelines {
  readonly #device: GPUDevice;
  readonly #libraries: Libraries;
  readonly #pipelines = new Map<string, Pipeline>();
  readonly #layouts = new Map<string, GPUBindGroupLayout>();
  readonly #bindGroups = new Map<string, GPUBindGroup>();
  #checks: Promise<void>[] = [];
  bindGroupsMade = 0;

  constructor(device: GPUDevice, libraries: Libraries) {
    this.#device = device;
    this.#libraries = libraries;
  }

  /** The pipeline of this specialisation, made at the first call. Compilation errors arrive through `checked`. */
  get<S extends Shader>(shader: S, choice: Specialisation<S>): Pipeline {
    const label = labelOf(shader, choice);
    const known = this.#pipelines.get(label);
    if (known) return known;
    const made = this.#create(shader, choice, label);
    this.#pipelines.set(label, made);
    return made;
  }

  /** Throws the first `ShaderError` among the pipelines made since the last call. */
  async checked(): Promise<void> {
    if (this.#checks.length === 0) return;
    const checks = this.#checks;
    this.#checks = [];
    await Promise.all(checks);
  }

  /** Bind group of these buffers with the params at a dynamic offset into `params`; cached by buffer identity. */
  bindGroup(pipeline: Pipeline, spans: readonly Span[], params: GPUBuffer, paramsId: number): GPUBindGroup {
    const places = spans.map(({ buffer, offset, bytes }) =>
      bytes ? `${buffer.id}@${offset}+${bytes}` : buffer.id,
    );
    const key = `${pipeline.layoutKey}|${places.join(',')}|${paramsId}`;
    const known = this.#bindGroups.get(key);
    if (known) return known;
    if (this.#bindGroups.size >= MAX_BIND_GROUPS) this.#bindGroups.clear();
    const group = this.createBindGroup(pipeline, spans, params);
    this.#bindGroups.set(key, group);
    return group;
  }

  /** An uncached bind group, for programs that keep theirs. */
  createBindGroup(pipeline: Pipeline, spans: readonly Span[], params: GPUBuffer): GPUBindGroup {
    this.bindGroupsMade++;
    return this.#device.createBindGroup({
      label: pipeline.label,
      layout: pipeline.layout,
      entries: [
        ...spans.map(({ buffer, offset, bytes }, binding) => ({
          binding,
          resource: { buffer: buffer.gpu, offset, ...(bytes && { size: bytes }) },
        })),
        { binding: spans.length, resource: { buffer: params, size: PARAMS_STRIDE } },
      ],
    });
  }

  /** Drops every cached bind group; due when a buffer was destroyed. */
  forgetBindGroups(): void {
    this.#bindGroups.clear();
  }

  #create<S extends Shader>(shader: S, choice: Specialisation<S>, label: string): Pipeline {
    const layoutKey = shader.bindings.map(({ access }) => (access === 'read' ? 'r' : 'w')).join('');
    const layout = this.#layout(layoutKey);
    const code = specialise(shader, choice, this.#libraries);
    const device = this.#device;
    device.pushErrorScope('validation');
    const module = device.createShaderModule({ label, code });
    const constants = Object.fromEntries(
      Object.entries(choice.overrides ?? {}).map(([name, value]) => [name, Number(value)]),
    );
    const gpu = device.createComputePipeline({
      label,
      layout: device.createPipelineLayout({ label, bindGroupLayouts: [layout] }),
      compute: { module, entryPoint: 'main', constants },
    });
    const check = device.popErrorScope().then(async (error) => {
      if (!error) return;
      // A later call is to be refused in the same words.
      this.#pipelines.delete(label);
      throw await shaderError(shader, label, module, error);
    });
    // Seen by `checked`; without this a refusal before that would be an unhandled rejection.
    check.catch(() => {});
    this.#checks.push(check);
    return { label, gpu, layout, layoutKey };
  }

  #layout(key: string): GPUBindGroupLayout {
    const known = this.#layouts.get(key);
    if (known) return known;
    const entries: GPUBindGroupLayoutEntry[] = [...key].map((access, binding) => ({
      binding,
      visibility: ShaderStage.COMPUTE,
      buffer: { type: access === 'r' ? 'read-only-storage' : 'storage' },
    }));
    entries.push({
      binding: key.length,
      visibility: ShaderStage.COMPUTE,
      buffer: { type: 'uniform', hasDynamicOffset: true },
    });
    const layout = this.#device.createBindGroupLayout({ label: key, entries });
    this.#layouts.set(key, layout);
    return layout;
  }
}

async function shaderError(
  shader: Shader,
  label: string,
  module: GPUShaderModule,
  error: GPUError,
): Promise<ShaderError> {
  const info = await module.getCompilationInfo();
  const message = info.messages.find(({ type }) => type === 'error');
  if (!message) return new ShaderError(`${label}: ${error.message}`);
  const line = shader.source.split('\n')[message.lineNum - 1]?.trim() ?? 'in an included library';
  return new ShaderError(
    `shaders/${shader.name}.wgsl:${message.lineNum}: ${message.message} (${line}); pipeline ${label}`,
  );
}
