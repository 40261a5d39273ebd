/** The boxes that are left when those that overlap better ones are taken away, as TensorFlow's kernel on the CPU finds them. */
import { ShapeError } from '../../../values/errors.ts';
import { showShape } from '../../../values/shape.ts';
import type { HostArray } from '../host-array.ts';

/** Most boxes that are compared. */
const MOST_BOXES = 2 ** 20;

export interface Suppression {
  readonly most: number;
  /** Overlap, intersection over union, above which the worse box goes. */
  readonly overlap: number;
  /** Boxes that are not above it do not count. */
  readonly score: number;
  /** Above 0: overlapping boxes lose score instead, exp(-overlap^2 / 2 sigma) of it (Bodla et al. 2017). */
  readonly sigma: number;
}

interface Candidate {
  readonly box: number;
  score: number;
  /** Selected boxes before this one have been looked at. */
  compared: number;
}

const f = Math.fround;

/** Rows of `boxes`, (n, 4), corners y, x, y, x, from the best one down, and their scores. Throws `ShapeError`. */
export function nonMaxSuppression(
  boxes: HostArray,
  scores: HostArray,
  { most, overlap, score: threshold, sigma }: Suppression,
): { readonly selected: number[]; readonly scores: number[] } {
  const count = scores.size;
  if (scores.rank !== 1 || boxes.rank !== 2 || boxes.shape[0] !== count || boxes.shape[1] !== 4)
    throw new ShapeError(
      `boxes ${showShape(boxes.shape)}, scores ${showShape(scores.shape)}; use (n, 4) and (n)`,
    );
  if (count > MOST_BOXES) throw new ShapeError(`${count} boxes; use ${MOST_BOXES} at most`);
  const overlaps = overlapsOf(boxes.values);
  const soft = sigma > 0;
  // The best one is the last: of equal ones that with the lower place.
  const waiting: Candidate[] = Array.from(scores.values, (score, box) => ({ box, score, compared: 0 }))
    .filter(({ score }) => score > threshold)
    .sort(worseFirst);
  const selected: number[] = [];
  const kept: number[] = [];
  while (selected.length < most) {
    const next = waiting.pop();
    if (!next) break;
    const before = next.score;
    let gone = false;
    for (let j = selected.length - 1; j >= next.compared && !gone; j--) {
      const shared = overlaps(next.box, selected[j]!);
      if (soft) next.score = f(next.score * f(Math.exp(f(f(f(-0.5 / sigma) * shared) * shared))));
      gone = soft ? next.score <= threshold : shared > overlap;
    }
    if (gone) continue;
    next.compared = selected.length;
    if (next.score === before) {
      selected.push(next.box);
      kept.push(before);
    } else insert(waiting, next);
  }
  return { selected, scores: kept };
}

function worseFirst(a: Candidate, b: Candidate): number {
  return a.score - b.score || b.box - a.box;
}

function insert(waiting: Candidate[], next: Candidate): void {
  let [low, high] = [0, waiting.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (worseFirst(waiting[middle]!, next) < 0) low = middle + 1;
    else high = middle;
  }
  waiting.splice(low, 0, next);
}

/** Intersection over union of two boxes, in float32. */
function overlapsOf(values: ArrayLike<number>): (a: number, b: number) => number {
  const side = (box: number, axis: number): [number, number] => {
    const [p, q] = [values[box * 4 + axis]!, values[box * 4 + axis + 2]!];
    return [Math.min(p, q), Math.max(p, q)];
  };
  return (a, b) => {
    const [top, bottom] = side(a, 0);
    const [left, right] = side(a, 1);
    const [otherTop, otherBottom] = side(b, 0);
    const [otherLeft, otherRight] = side(b, 1);
    const area = f(f(bottom - top) * f(right - left));
    const other = f(f(otherBottom - otherTop) * f(otherRight - otherLeft));
    if (area <= 0 || other <= 0) return 0;
    const height = Math.max(f(Math.min(bottom, otherBottom) - Math.max(top, otherTop)), 0);
    const width = Math.max(f(Math.min(right, otherRight) - Math.max(left, otherLeft)), 0);
    const shared = f(height * width);
    return f(shared / f(f(area + other) - shared));
  };
}
