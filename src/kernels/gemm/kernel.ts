/** The contract of the GEMM family: a kernel is a shader and its tiles; one launcher serves them all. */
import { type gemm_direct, gemm_sum } from '../../generated/shaders.ts';
import type { EngineInfo } from '../../gpu/adapter.ts';
import { type ElementType, linearGrid, type Shader } from '../../gpu/shader.ts';
import type { Storage } from '../../gpu/storage.ts';
import { epilogueBindings, epilogueOverrides } from '../epilogue.ts';
import { bytesOf, elementOf, quads } from '../operand.ts';
import { windowParams } from '../window.ts';
import { type GemmCall, type GemmShape, sizeOfA } from './problem.ts';

/** Every kernel of the family has the bindings and params of `gemm_direct`. */
export type GemmShader = Shader & Pick<typeof gemm_direct, 'bindings' | 'params'>;

export interface Tile<S extends Shader = GemmShader> {
  /** Rows x columns x K of a step, for example `64x64x16`. */
  readonly name: string;
  readonly constants: { readonly [K in keyof S['constants']]?: number };
  readonly overrides?: { readonly [K in keyof S['overrides']]?: number | boolean };
  /** Element types that are not those of the operands. */
  readonly types?: Readonly<Record<string, ElementType>>;
  /** Rows and columns of C in one tile, and elements of K in one step: what does not fit them takes the guarded variant. */
  readonly rows: number;
  readonly columns: number;
  readonly step: number;
  /** Tiles that one workgroup computes. Default 1. */
  readonly tilesPerGroup?: number;
}

export interface GemmKernel {
  readonly name: string;
  readonly shader: GemmShader;
  /** The tiles it can be launched with for this problem on this adapter; none where it cannot run. */
  tiles(shape: GemmShape, info: EngineInfo): readonly Tile[];
}

/** A kernel of the family, with its tiles checked against the constants of its shader. */
export function gemmKernel<const S extends GemmShader>(
  shader: S,
  tiles: (shape: GemmShape, info: EngineInfo) => readonly Tile<S>[],
): GemmKernel {
  return { name: shader.name, shader, tiles: tiles as GemmKernel['tiles'] };
}

/** One way to compute a product. */
export interface Candidate {
  readonly kernel: GemmKernel;
  readonly tile: Tile;
  /** Parts of K that are summed apart, then added in their order. */
  readonly splits: number;
}

/** For example `gemm_tiled 64x64x16 /4`. */
export function nameOf({ kernel, tile, splits }: Candidate): string {
  return `${kernel.name} ${tile.name}${splits > 1 ? ` /${splits}` : ''}`;
}

/** Workgroups that `candidate` has for a problem: what keeps an adapter busy. */
export function tilesOf({ m, n, batch }: Pick<GemmShape, 'm' | 'n' | 'batch'>, tile: Tile): number {
  return Math.ceil(m / tile.rows) * Math.ceil(n / tile.columns) * batch;
}

export function launch(candidate: Candidate, call: GemmCall): void {
  const { c, m, n, batch = 1 } = call;
  if (candidate.splits === 1) {
    product(candidate, call, { storage: c.storage, type: elementOf(c) });
    return;
  }
  const { engine } = c;
  const parts = engine.allocate(
    bytesOf('float32', batch * candidate.splits * m * quads(n) * 4),
    'step',
    'matMul',
  );
  product(
    candidate,
    { ...call, bias: undefined, residual: undefined, overflow: undefined, activation: 'linear' },
    { storage: parts, type: 'f32' },
  );
  sum(parts, candidate.splits, call);
  engine.release(parts);
}

function product(
  { kernel, tile, splits }: Candidate,
  call: GemmCall,
  to: { storage: Storage; type: ElementType },
): void {
  const { a, b, c, m, k, n, batch = 1, transposeA = false, transposeB = false, sharedA, sharedB } = call;
  const { shader } = kernel;
  // Matrix units take halves, whatever form they lie in.
  const element = call.input === 'packed' ? 'f16' : call.input;
  const types: Record<string, ElementType> = {
    ...{ In: element, In4: call.input, Stage4: call.input, Out4: to.type, Acc: 'f32' },
    ...tile.types,
  };
  const chunk = Math.ceil(k / splits / tile.step) * tile.step;
  a.engine.run(shader, {
    types: Object.fromEntries(shader.types.map((name) => [name, types[name]!])),
    constants: tile.constants as Record<string, number>,
    overrides: {
      TRANSPOSE_A: transposeA,
      TRANSPOSE_B: transposeB,
      RAGGED_K: k % tile.step !== 0,
      RAGGED_EDGES: m % tile.rows !== 0 || n % tile.columns !== 0,
      PATCHES: call.patches !== undefined,
      ...epilogueOverrides(call, c),
      ...tile.overrides,
    },
    bindings: { a: a.storage, b: b.storage, c: to.storage, ...epilogueBindings(call, c) },
    params: {
      m,
      k,
      n,
      batch,
      strideA: sharedA ? 0 : call.patches ? quads(sizeOfA(call)) : transposeA ? k * quads(m) : m * quads(k),
      strideB: sharedB ? 0 : transposeB ? n * quads(k) : k * quads(n),
      splits,
      chunk: splits === 1 ? quads(k) : chunk / 4,
      ...windowParams(call.patches?.window),
      channels: quads(call.patches?.channels ?? 0),
    },
    workgroups: linearGrid(tilesOf({ m, n, batch: batch * splits }, tile), tile.tilesPerGroup ?? 1),
    flops: 2 * m * k * n * batch,
  });
}

/** Adds the parts of a split product, then applies the epilogue. */
function sum(parts: Storage, splits: number, call: GemmCall): void {
  const { c, m, n, batch = 1 } = call;
  c.engine.run(gemm_sum, {
    types: { In4: call.input, Out4: elementOf(c), Acc: 'f32' },
    overrides: epilogueOverrides(call, c),
    bindings: { parts, c: c.storage, ...epilogueBindings(call, c) },
    params: { m, n, batch, splits },
    workgroups: linearGrid(batch * m * quads(n), 64),
  });
}
