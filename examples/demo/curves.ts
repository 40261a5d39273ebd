/** Losses of several runs as curves of one plot, each with its name at its end. */
import * as Plot from '@observablehq/plot';
import { draw } from '../../src/cli/page.ts';

export interface Curve {
  readonly name: string;
  /** Training loss of each step. */
  readonly losses: readonly number[];
}

/** Means over `smooth` steps; `colours` by name. */
export function lossCurves(
  curves: readonly Curve[],
  colours: Readonly<Record<string, string>>,
  smooth: number,
): string {
  const points = curves.flatMap(({ name, losses }) => {
    return losses.flatMap((_, step) => {
      if (step + 1 < smooth) return [];
      const recent = losses.slice(step + 1 - smooth, step + 1);
      return [{ name, step, loss: recent.reduce((sum, loss) => sum + loss, 0) / smooth }];
    });
  });
  const shown = points.filter(({ loss }) => Number.isFinite(loss) && loss > 0);
  const last = curves
    .map(({ name }) => shown.filter((point) => point.name === name).at(-1))
    .filter((point) => point !== undefined);
  return draw({
    marginRight: 110,
    x: { label: 'step' },
    y: { type: 'log', label: 'loss', grid: true, tickFormat: (loss: number) => String(loss) },
    color: { domain: Object.keys(colours), range: Object.values(colours) },
    marks: [
      Plot.lineY(shown, { x: 'step', y: 'loss', stroke: 'name' }),
      Plot.text(apart(last, shown), {
        ...{ x: 'step', y: 'at', text: 'name', fill: 'name', textAnchor: 'start', dx: 6 },
      }),
    ],
  });
}

interface Point {
  readonly name: string;
  readonly step: number;
  readonly loss: number;
}

/** Lines of text that the height of the plot has room for. */
const LINES = 20;

/** The ends of curves with places for their names, the larger loss above, none on another. */
function apart(ends: readonly Point[], all: readonly Point[]): (Point & { readonly at: number })[] {
  const losses = all.map(({ loss }) => loss);
  const line = (Math.max(...losses) / Math.min(...losses)) ** (1 / LINES);
  let above = Number.POSITIVE_INFINITY;
  return [...ends]
    .sort((a, b) => b.loss - a.loss)
    .map((end) => {
      above = Math.min(end.loss, above / line);
      return { ...end, at: above };
    });
}
