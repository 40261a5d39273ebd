/** Launches `segment_sum.wgsl` and its like: rows added, or chosen, by the segment that an index puts each of them into. */

import { segment_last, segment_pieces, segment_starts, segment_sum } from '../generated/shaders.ts';
import { linearGrid } from '../gpu/shader.ts';
import type { Storage } from '../gpu/storage.ts';
import { spanOf } from './gather.ts';
import { accumulatorOf, elementOf, type Operand, quads, unusedStorage } from './operand.ts';
import { sortRows } from './sort.ts';
import { inQuads } from './whole-quads.ts';

export interface SegmentShape {
  readonly outer: number;
  readonly segments: number;
  readonly inner: number;
}

/**
 * `y[o, s]` is the sum of `x[o, j]` over all j with `ids[j] = s`; ids are int32, and those that name no segment are left out. The
 * indices are sorted first: every sum is held in f32 and goes in the order of j, but for runs of 64 that are added up first.
 */
export function segmentSumKernel(
  x: Operand,
  ids: Operand,
  y: Operand,
  { outer, segments, inner }: SegmentShape,
): void {
  const { engine } = y;
  const count = ids.size;
  const { sorted, starts } = sortSegments(ids, segments);
  inQuads([x], y, inner, ([x], y) => {
    const across = quads(inner);
    const { PIECE } = segment_sum.constants;
    const SPAN = spanOf(across);
    const invocations = Math.ceil(across / SPAN);
    const lines = outer * Math.floor(count / PIECE);
    const pieces = lines > 0 ? engine.allocate(lines * across * 16, 'step', 'segmentSum') : undefined;
    if (pieces) {
      engine.run(segment_pieces, {
        types: { In4: elementOf(x), Acc: accumulatorOf(x) },
        constants: { SPAN },
        bindings: { x: x.storage, sorted, pieces },
        params: { outer, count, quads: across },
        workgroups: linearGrid(lines * invocations, 64),
      });
    }
    engine.run(segment_sum, {
      types: { In4: elementOf(x), Out4: elementOf(y), Acc: accumulatorOf(x) },
      constants: { SPAN },
      overrides: { PIECES: pieces !== undefined },
      bindings: {
        ...{ x: x.storage, sorted, starts },
        ...{ pieces: pieces ?? unusedStorage(engine), y: y.storage },
      },
      params: { outer, count, segments, quads: across },
      workgroups: linearGrid(outer * segments * invocations, 64),
    });
    if (pieces) engine.release(pieces);
  });
  engine.release(sorted);
  engine.release(starts);
}

/** `y[s]`, int32, is the last j with `ids[j] = s`, or -1. */
export function segmentLastKernel(ids: Operand, y: Operand): void {
  const { engine } = y;
  const { sorted, starts } = sortSegments(ids, y.size);
  engine.run(segment_last, {
    types: {},
    bindings: { sorted, starts, y: y.storage },
    params: { segments: y.size },
    workgroups: linearGrid(y.size, 64),
  });
  engine.release(sorted);
  engine.release(starts);
}

/** Pairs (segment, j), sorted, and where each segment begins among them; the caller releases both. */
function sortSegments(ids: Operand, segments: number): { sorted: Storage; starts: Storage } {
  const { engine } = ids;
  const sorted = sortRows(ids, ids.size, 'by bits');
  const starts = engine.allocate((segments + 1) * 4, 'step', 'segmentSum');
  engine.run(segment_starts, {
    types: {},
    bindings: { sorted, starts },
    params: { count: ids.size, segments },
    workgroups: linearGrid(segments + 1, 64),
  });
  return { sorted, starts };
}
