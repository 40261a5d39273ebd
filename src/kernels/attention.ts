/** Launches `attention.wgsl` and its gradients: attention that never stores its scores. */
import { attention, attention_keys, attention_queries, attention_rows } from '../generated/shaders.ts';
import { linearGrid } from '../gpu/shader.ts';
import { copyRowsKernel } from './copy_rows.ts';
import { elementOf, type Operand, quads, readForm, unusedStorage } from './operand.ts';
import { rowGrid } from './row_lanes.ts';
import { scratch, wholeQuads, withWholeQuads } from './whole-quads.ts';

/** Rows of the result that a workgroup makes. */
const TILE = 32;
/** Columns that an invocation's quads reach over. */
const ACROSS = 32;
/** Elements of a row of queries or values: more would not stay in registers. */
export const LONGEST_ROW = 128;

/** Where the mask of a matrix begins, and how far its elements lie apart; 0 where it is the same along an axis. */
export interface MaskAccess {
  readonly operand: Operand;
  /** Matrices of one outer index. */
  readonly inner: number;
  readonly strides: {
    readonly outer: number;
    readonly inner: number;
    readonly row: number;
    readonly column: number;
  };
}

export interface AttentionShape {
  readonly matrices: number;
  readonly queries: number;
  readonly keys: number;
  /** Elements of a query and a key. */
  readonly size: number;
  /** Elements of a value. */
  readonly columns: number;
}

export interface AttentionCall extends AttentionShape {
  readonly scale: number;
  /** Score of what is hidden. */
  readonly lowest: number;
  readonly isCausal: boolean;
  readonly mask: MaskAccess | undefined;
}

export interface AttentionInputs {
  readonly q: Operand;
  readonly k: Operand;
  readonly v: Operand;
}

function paramsOf({ mask, isCausal, ...call }: AttentionCall) {
  const { matrices, queries, keys, size, columns, scale, lowest } = call;
  const { outer = 0, inner = 0, row = 0, column = 0 } = mask?.strides ?? {};
  return {
    ...{ matrices, queries, keys, size: quads(size), columns: quads(columns), scale, lowest },
    ...{ causal: Number(isCausal), masked: Number(mask !== undefined) },
    ...{ inner: mask?.inner ?? 1, maskOuter: outer, maskInner: inner, maskRow: row, maskColumn: column },
  };
}

/** 1, 2 or 4: few variants, since drivers take long over each. */
const spanOf = (columns: number) => 2 ** Math.ceil(Math.log2(Math.max(columns / ACROSS, 1)));
const tilesOf = (matrices: number, rows: number) => linearGrid(matrices * Math.ceil(rows / TILE), 1);

/** Inputs with rows of whole quads, results with such rows that are cut to their own afterwards. */
class Rows {
  readonly #made: Operand[] = [];
  readonly #cuts: (() => void)[] = [];

  padded(x: Operand, columns: number): Operand {
    const own = withWholeQuads(x, x.size / columns, columns, 'attention');
    if (own !== x) this.#made.push(own);
    return own;
  }

  result(y: Operand, columns: number): Operand {
    const padded = wholeQuads(columns);
    if (padded === columns) return y;
    const rows = y.size / columns;
    const own = scratch(y, rows * padded, 'attention');
    this.#made.push(own);
    this.#cuts.push(() => copyRowsKernel(own, y, rows, padded, columns));
    return own;
  }

  finish(): void {
    for (const cut of this.#cuts) cut();
    for (const { engine, storage } of this.#made) engine.release(storage);
  }
}

/** `statistics` holds two float32 for each query, which the gradients read. */
export function attentionKernel(
  { q, k, v }: AttentionInputs,
  { y, statistics }: { readonly y: Operand; readonly statistics: Operand },
  call: AttentionCall,
): void {
  const { engine } = q;
  const { matrices, queries, size, columns, mask } = call;
  const rows = new Rows();
  engine.run(attention, {
    types: { In4: readForm(q), Out4: elementOf(y), Acc: 'f32' },
    constants: { SPAN: spanOf(columns) },
    bindings: {
      ...{
        q: rows.padded(q, size).storage,
        k: rows.padded(k, size).storage,
        v: rows.padded(v, columns).storage,
      },
      mask: mask?.operand.storage ?? unusedStorage(engine),
      ...{ y: rows.result(y, columns).storage, statistics: statistics.storage },
    },
    params: paramsOf(call),
    workgroups: tilesOf(matrices, queries),
  });
  rows.finish();
}

/** Gradients by queries, keys and values, from the upstream gradient `g` and what `attentionKernel` gave. */
export function attentionGradientKernel(
  { q, k, v }: AttentionInputs,
  { g, y, statistics }: { readonly g: Operand; readonly y: Operand; readonly statistics: Operand },
  { dq, dk, dv }: { readonly dq: Operand; readonly dk: Operand; readonly dv: Operand },
  call: AttentionCall,
): void {
  const { engine } = q;
  const { matrices, queries, keys, size, columns, mask } = call;
  const rows = new Rows();
  const types = { In4: readForm(q), Out4: elementOf(dq), Acc: 'f32' } as const;
  const [g4, y4] = [rows.padded(g, columns), rows.padded(y, columns)];
  const products = scratch({ engine, dtype: 'float32' }, matrices * queries * 4, 'attention');
  const { whole: WHOLE, ...grid } = rowGrid(matrices * queries, columns);
  engine.run(attention_rows, {
    types: { In4: types.In4, Acc: 'f32' },
    ...grid,
    overrides: { WHOLE },
    bindings: { g: g4.storage, y: y4.storage, statistics: statistics.storage, rows: products.storage },
    params: { rows: matrices * queries, columns },
  });
  const bindings = {
    ...{
      q: rows.padded(q, size).storage,
      k: rows.padded(k, size).storage,
      v: rows.padded(v, columns).storage,
    },
    ...{ g: g4.storage, mask: mask?.operand.storage ?? unusedStorage(engine), rows: products.storage },
  };
  engine.run(attention_queries, {
    ...{ types, params: paramsOf(call) },
    constants: { SPAN: spanOf(size) },
    bindings: { ...bindings, dq: rows.result(dq, size).storage },
    workgroups: tilesOf(matrices, queries),
  });
  engine.run(attention_keys, {
    ...{ types, params: paramsOf(call) },
    constants: { SPAN: spanOf(size), VALUES: spanOf(columns) },
    bindings: {
      ...bindings,
      ...{ dk: rows.result(dk, size).storage, dv: rows.result(dv, columns).storage },
    },
    workgroups: tilesOf(matrices, keys),
  });
  rows.finish();
  engine.release(products.storage);
}
