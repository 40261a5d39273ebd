/** The page of examples/loss-scales.ts: losses under each scaling, the scale of the loss, and the scales of layers. */
import * as Plot from '@observablehq/plot';
import { draw, escapeHtml, figure, page, tableHtml } from '../../src/cli/page.ts';
import { lossCurves } from './curves.ts';

export interface ScaledRun {
  readonly name: string;
  /** Mean loss of each step, in the usual weights: a mean over samples. */
  readonly losses: readonly number[];
  /** Of the loss at the end of each epoch; 1 without scaling. */
  readonly lossScales: readonly number[];
  /** Of each layer, by its name, at the end of each epoch. */
  readonly layerScales: Readonly<Record<string, readonly number[]>>;
}

export interface ScaleReport {
  readonly title: string;
  readonly adapter: string;
  readonly runs: readonly ScaledRun[];
  readonly table: { readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] };
}

const COLOURS: Readonly<Record<string, string>> = {
  float32: '#222222',
  none: '#ff725c',
  static: '#efb118',
  dynamic: '#4269d0',
  adaptive: '#3ca951',
};
/** Steps over which the shown loss is averaged. */
const SMOOTH = 5;

export function renderScaleReport({ title, adapter, runs, table }: ScaleReport): string {
  const whole = runs.filter(({ name }) => name === 'static' || name === 'dynamic');
  const adaptive = runs.find(({ name }) => name === 'adaptive')!;
  const body = `<h1>${escapeHtml(title)}</h1>
<p>Same weights at the start, same batches, on ${escapeHtml(adapter)}.</p>
${tableHtml(table.head, table.rows)}
<h2>Training loss</h2>
${figure(lossCurves(runs, COLOURS, SMOOTH), `Mean over ${SMOOTH} steps. Without scaling the gradients at the last layer are below 2^-24, the smallest half: all others are zeros.`)}
<h2>Scale of the loss</h2>
${figure(byEpoch(whole.map(({ name, lossScales }) => ({ name, scales: lossScales }))), 'At the end of each epoch. The dynamic one doubles after some finite steps in a row, and halves, skipping the step, when a gradient overflows.')}
<h2>Scales of layers</h2>
${figure(cells(layersOf(adaptive)), 'Of adaptive scaling, at the end of each epoch, as powers of two: what each layer multiplies the gradient with that comes to its result, found on the GPU from the gradient and the weights.')}
<h2>Scales together</h2>
${figure(cells(productsOf(adaptive)), 'What the gradient carries when it leaves a layer: its scale times those of the layers behind it. Weight gradients are divided by it.')}`;
  return page(`Halftape: ${title}`, body);
}

interface Series {
  readonly name: string;
  readonly scales: readonly number[];
}

/** Last layer first, as gradients meet them. */
function layersOf({ layerScales }: ScaledRun): Series[] {
  return Object.entries(layerScales).map(([name, scales]) => ({ name, scales }));
}

function productsOf(run: ScaledRun): Series[] {
  let carried: readonly number[] = run.lossScales.map(() => 1);
  return layersOf(run).map(({ name, scales }) => {
    carried = scales.map((scale, epoch) => scale * carried[epoch]!);
    return { name, scales: carried };
  });
}

function byEpoch(series: readonly Series[]): string {
  const points = series.flatMap(({ name, scales }) =>
    scales.map((scale, epoch) => ({ name, epoch: epoch + 1, power: Math.log2(scale) })),
  );
  return draw({
    height: 260,
    x: { label: 'epoch', ticks: series[0]?.scales.length ?? 0, tickFormat: 'd' },
    y: { label: 'log2 of the scale', grid: true, zero: true },
    color: { domain: Object.keys(COLOURS), range: Object.values(COLOURS) },
    marginRight: 110,
    marks: [
      Plot.lineY(points, { x: 'epoch', y: 'power', stroke: 'name', marker: 'circle' }),
      Plot.text(
        points,
        Plot.selectLast({
          x: 'epoch',
          y: 'power',
          z: 'name',
          fill: 'name',
          text: 'name',
          textAnchor: 'start',
          dx: 8,
        }),
      ),
    ],
  });
}

/** A row for each series, the exponents written into the cells. */
function cells(series: readonly Series[]): string {
  const points = series.flatMap(({ name, scales }) =>
    scales.map((scale, epoch) => ({ name, epoch: epoch + 1, power: Math.log2(scale) })),
  );
  return draw({
    height: 60 + 34 * series.length,
    marginLeft: 90,
    x: { label: 'epoch', tickFormat: 'd' },
    y: { label: null, domain: series.map(({ name }) => name) },
    color: { type: 'diverging', scheme: 'PRGn', pivot: 0 },
    marks: [
      Plot.cell(points, { x: 'epoch', y: 'name', fill: 'power', fillOpacity: 0.5, inset: 1 }),
      Plot.text(points, { x: 'epoch', y: 'name', text: (point: { power: number }) => String(point.power) }),
    ],
  });
}
