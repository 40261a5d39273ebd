/** The demo's report: one self-contained HTML page with the figures, drawn as SVG on the host. */
import * as Plot from '@observablehq/plot';
import { draw, escapeHtml, figure, page, tableHtml } from '../../src/cli/page.ts';
import { lossCurves } from './curves.ts';
import type { ExponentHistogram } from './exponents.ts';
import type { Run } from './training.ts';

export interface Report {
  readonly adapter: string;
  readonly software: boolean;
  readonly runs: readonly Run[];
  /** Exponents of the mixed run's gradients: without scaling, and with the final scale. */
  readonly exponents: readonly ExponentHistogram[];
  /** The part on the converted model. */
  readonly converted: string;
  /** Headings and rows of the table that the terminal shows. */
  readonly table: { readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] };
}

const COLOURS: Readonly<Record<string, string>> = {
  float32: '#4269d0',
  float16: '#ff725c',
  mixed_float16: '#3ca951',
};
/** Steps over which the shown loss is averaged. */
const SMOOTH = 15;
const SMALLEST_HALF = -24;

export function renderReport({ adapter, software, runs, exponents, table, converted }: Report): string {
  const note = software
    ? ' This is a software adapter: a processor plays the GPU, and its times say nothing of a graphics card.'
    : '';
  const curves = runs.map(({ policy, losses }) => ({ name: policy, losses }));
  const body = `${converted}
<h1>784-512-512-10 on handwritten digits, three times</h1>
<p>Same weights at the start, same batches, on ${escapeHtml(adapter)}.${note}</p>
${tableHtml(table.head, table.rows)}
<h2>Training loss</h2>
${figure(lossCurves(curves, COLOURS, SMOOTH), `Mean over ${SMOOTH} steps. float16 throughout keeps weights and Adam's moments in halves: the second moment of a small gradient is 0 in them, and the step that is divided by its root is far too large.`)}
<h2>Loss scale</h2>
${figure(scalePlot(runs), 'mixed_float16 at the end of each epoch. It doubles after 50 finite steps in a row and halves, skipping the step, when a gradient overflows.')}
<h2>Exponents of gradients</h2>
${exponents.map((histogram) => figure(exponentPlot(histogram), exponentCaption(histogram))).join('\n')}`;
  return page('Halftape: float32, float16 and mixed_float16 side by side', body);
}

function scalePlot(runs: readonly Run[]): string {
  const points = runs.flatMap(({ policy, lossScales }) => {
    return policy === 'mixed_float16'
      ? lossScales.map((scale, epoch) => ({ epoch, scale: Math.log2(scale) }))
      : [];
  });
  return draw({
    height: 220,
    x: { label: 'epoch', ticks: points.length },
    y: { label: 'log2 of the scale', grid: true },
    marks: [Plot.lineY(points, { x: 'epoch', y: 'scale', stroke: COLOURS.mixed_float16!, marker: 'circle' })],
  });
}

function exponentPlot({ first, counts }: ExponentHistogram): string {
  const bins = counts.map((count, index) => ({ from: first + index, to: first + index + 1, count }));
  return draw({
    height: 270,
    marginTop: 40,
    x: { label: 'exponent of |gradient|', domain: [first, first + counts.length] },
    y: { label: 'gradients', grid: true },
    marks: [
      Plot.rectY(bins, {
        x1: 'from',
        x2: 'to',
        y: 'count',
        fill: (bin: { from: number }) => (bin.from < SMALLEST_HALF ? COLOURS.float16! : COLOURS.float32!),
        inset: 0.5,
      }),
      Plot.ruleX([SMALLEST_HALF], { stroke: '#222', strokeDasharray: '4 3' }),
      Plot.text([{ x: SMALLEST_HALF }], {
        x: 'x',
        frameAnchor: 'top',
        text: () => '2^-24, the smallest half',
        dy: -14,
        textAnchor: 'start',
        dx: 4,
      }),
    ],
  });
}

function exponentCaption({ scale, lost }: ExponentHistogram): string {
  const by = scale === 1 ? 'Without a scale' : `Times the scale ${scale.toLocaleString('en-US')}`;
  return `${by}: ${(lost * 100).toFixed(lost > 0 && lost < 0.001 ? 4 : 1)} % of the nonzero gradients by activations lie below float16's range (red). Gradients of the trained model for one batch, before they are rounded to float16.`;
}
