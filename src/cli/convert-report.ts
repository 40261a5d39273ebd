/** The page of a conversion: errors layer by layer, ranges against float16's, time and memory; self-contained. */
import * as Plot from '@observablehq/plot';
import type { Plan } from '../convert/planned.ts';
import { OpPlan } from '../convert/planned-ops.ts';
import type { Difference, Verification } from '../convert/verification.ts';
import type { Advice } from '../node.ts';
import { HALF_MAX, HALF_MIN, HALF_MIN_NORMAL } from '../values/half.ts';
import { shortPath } from '../values/text-table.ts';
import { draw, escapeHtml, figure, page, tableHtml } from './page.ts';

export interface Conversion {
  readonly title: string;
  /** Which inputs were measured. */
  readonly calibration: string;
  readonly plan: Plan | OpPlan;
  readonly verification: Verification;
  readonly advice: Advice;
}

const COLOURS = { float32: '#4269d0', mixed: '#3ca951' };
const KINDS = { weights: '#9498a0', inputs: '#efb118', results: '#ff725c' };
const STYLE = 'pre { overflow-x: auto; font-size: .8rem; line-height: 1.4 }';
/** Decibels that stand for layers without a difference. */
const EQUAL = 160;
const ROW = 18;
/** Longest name beside a plot; what is left out of it is in the table. */
const LABEL = 36;
const tickFormat = (name: string) => shortPath(name, LABEL);

export function reportOf({ title, calibration, plan, verification, advice }: Conversion): string {
  const { software } = advice.info;
  const errors = verification.layers.length > 0 ? errorPlot(verification.layers) : undefined;
  const measured = rangesIn(plan);
  const ranges = measured.length > 0 ? rangePlot(measured) : undefined;
  const scale = plan instanceof OpPlan ? undefined : plan.inputScale;
  const body = `<h1>${escapeHtml(title)}</h1>
<p>On ${escapeHtml(advice.info.adapter)}. Inputs: ${escapeHtml(calibration)}.${software ? ' This is a software adapter: a processor plays the GPU, and its times say nothing of a graphics card.' : ''}</p>
<h2>Results</h2>
${table(String(verification))}
${errors ? `<h2>Error by layer</h2>\n${figure(errors, `Signal-to-noise ratio of each layer's results against float32, in the order in which they run; ${EQUAL} dB: equal. 11 bits of float16 are about 66 dB for one rounding.`)}` : ''}
${ranges ? `<h2>Ranges against float16's</h2>\n${legend()}${figure(ranges, `Largest |value| of each layer in float32${scale ? `, before they are divided by ${scale}` : ''}. Above ${HALF_MAX} float16 overflows, below 2^-14 it loses digits, below 2^-24 values are 0.`)}` : ''}
<h2>The plan</h2>
${table(String(plan))}
<h2>Time and memory</h2>
${figure(costPlot(advice), `A prediction of ${advice.batchSize} samples: the median time, and what it uses of the GPU's memory, weights included.`)}
${table(String(advice))}
${verification.layers.length > 0 ? `<h2>Every layer</h2>\n${layersTable(verification.layers)}` : ''}`;
  return page(title, body, STYLE);
}

function legend(): string {
  const parts = Object.entries(KINDS).map(
    ([kind, colour]) => `<span style="color:${colour}">●</span> ${kind}`,
  );
  return `<p>${parts.join(' &nbsp; ')}</p>`;
}

/** Text of columns, as the terminal shows it. */
function table(text: string): string {
  return `<pre>${escapeHtml(text)}</pre>`;
}

function errorPlot(layers: readonly Difference[]): string {
  const bars = layers.map(({ name, snr }) => ({
    name,
    snr: Number.isNaN(snr) ? 0 : Math.min(Math.max(snr, 0), EQUAL),
  }));
  return draw({
    height: 70 + ROW * bars.length,
    marginBottom: 40,
    marginLeft: marginOf(bars.map(({ name }) => tickFormat(name))),
    x: { label: 'signal-to-noise ratio (dB)', grid: true, zero: true },
    y: { label: null, domain: bars.map(({ name }) => name), tickFormat },
    marks: [Plot.barX(bars, { x: 'snr', y: 'name', fill: COLOURS.mixed }), Plot.ruleX([0])],
  });
}

interface Point {
  readonly path: string;
  readonly kind: keyof typeof KINDS;
  readonly max: number;
}

/** What was measured of layers, or of ops. */
function rangesIn(plan: Plan | OpPlan): Point[] {
  const points =
    plan instanceof OpPlan
      ? plan.ops.map(({ layer, op, largest }): Point => {
          return {
            path: layer === '' ? op : `${layer}: ${op}`,
            kind: 'results',
            max: largest ?? 0,
          };
        })
      : plan.layers.flatMap(({ path, ranges }) =>
          (['weights', 'inputs', 'results'] as const).map((kind): Point => {
            return { path, kind, max: ranges?.[kind]?.max ?? 0 };
          }),
        );
  return points.filter(({ max }) => max > 0 && Number.isFinite(max));
}

function rangePlot(points: readonly Point[]): string {
  const paths = [...new Set(points.map(({ path }) => path))];
  const bounds = [HALF_MIN, HALF_MIN_NORMAL, HALF_MAX];
  const low = Math.min(HALF_MIN, ...points.map(({ max }) => max)) / 2;
  const high = 4 * Math.max(HALF_MAX, ...points.map(({ max }) => max));
  return draw({
    height: 90 + ROW * paths.length,
    marginBottom: 40,
    marginLeft: marginOf(paths.map(tickFormat)),
    marginTop: 30,
    x: { type: 'log', base: 2, label: 'largest |value|', domain: [low, high], grid: true, tickFormat: power },
    y: { label: null, domain: paths, tickFormat },
    color: { domain: Object.keys(KINDS), range: Object.values(KINDS) },
    marks: [
      Plot.rect([{}], { x1: HALF_MIN_NORMAL, x2: HALF_MAX, fill: COLOURS.mixed, fillOpacity: 0.08 }),
      Plot.ruleX(bounds, { stroke: '#888', strokeDasharray: '4 3' }),
      Plot.text(bounds, { x: (bound: number) => bound, frameAnchor: 'top', dy: -12, text: power }),
      Plot.dot(points, { x: 'max', y: 'path', fill: 'kind', r: 4 }),
    ],
  });
}

function power(value: number): string {
  const exponent = Math.log2(value);
  return Number.isInteger(exponent) ? `2^${exponent}` : String(value);
}

/** Milliseconds and mebibytes, each on a scale of its own. */
function costPlot({ rows, label }: Advice): string {
  const [row] = rows;
  const bars = [
    { name: 'float32', ms: row!.float32.ms, mebibytes: row!.float32.bytes / 2 ** 20 },
    { name: label, ms: row!.mixed.ms, mebibytes: row!.mixed.bytes / 2 ** 20 },
  ];
  const bar = (x: 'ms' | 'mebibytes', title: string) =>
    draw({
      height: 110,
      marginBottom: 40,
      marginLeft: marginOf(bars.map(({ name }) => name)),
      marginRight: 70,
      x: { label: title, grid: true },
      y: { label: null, domain: bars.map(({ name }) => name) },
      color: { domain: bars.map(({ name }) => name), range: [COLOURS.float32, COLOURS.mixed] },
      marks: [
        Plot.barX(bars, { x, y: 'name', fill: 'name' }),
        Plot.text(bars, {
          x,
          y: 'name',
          text: (of) => Number(of[x].toPrecision(3)).toLocaleString('en-US'),
          textAnchor: 'start',
          dx: 4,
        }),
      ],
    });
  return bar('ms', 'milliseconds') + bar('mebibytes', 'MiB');
}

/** Room for names to the left of a plot. */
function marginOf(names: readonly string[]): number {
  return Math.min(320, 24 + 8 * Math.max(...names.map(({ length }) => length)));
}

function layersTable(layers: readonly Difference[]): string {
  const rows = layers.map(({ name, max, relative, mean, snr }) => [
    shortPath(name),
    ...[max, relative, mean].map((value) => value.toPrecision(3)),
    Number.isFinite(snr) ? snr.toFixed(1) : snr > 0 ? 'equal' : String(snr),
  ]);
  return tableHtml(['layer', 'max difference', 'of the largest', 'mean', 'SNR (dB)'], rows);
}
