/** The plots of the bench's page: a roofline, and bars by suite. */
import * as Plot from '@observablehq/plot';
import { draw } from '../src/cli/page.ts';
import { type Results, rowsOf } from './results.ts';
import { ceilingOf, type PeerRow, type Row, rateOf } from './rows.ts';

const COLOURS: Readonly<Record<string, string>> = {
  f32: '#4269d0',
  f16: '#3ca951',
  packed: '#efb118',
  peers: '#9498a0',
};
const SYMBOLS: Readonly<Record<string, string>> = {
  f32: 'circle',
  f16: 'triangle',
  packed: 'square',
  peers: 'times',
};

type Timed<T extends Row | PeerRow> = T & { readonly timing: NonNullable<T['timing']> };

function timed<T extends Row | PeerRow>(rows: readonly T[]): Timed<T>[] {
  return rows.filter((row): row is Timed<T> => row.timing !== undefined);
}

function chosenOf(results: Results): Timed<Row>[] {
  return timed(rowsOf(results, 'gemm')).filter(({ candidate }) => !candidate);
}

/** Flops for each byte that must be moved, against GFLOP/s; nothing passes the slope of the copy rate or the flat lines. */
export function roofline(results: Results): string | undefined {
  const { ceilings, peers } = results;
  const ours = chosenOf(results).map((row) => ({
    kind: row.storage,
    name: row.name,
    title: `${row.name} ${row.storage}, ${row.kernel}`,
    ...pointOf(row),
  }));
  if (ours.length === 0) return undefined;
  const theirs = timed(peers)
    .filter(({ suite }) => suite === 'gemm')
    .map((row) => ({
      kind: 'peers',
      title: `${row.case} ${row.storage}, ${row.name} ${row.backend}`,
      ...pointOf(row),
    }));
  const points = [...ours, ...theirs];
  const left = Math.min(1, ...points.map(({ intensity }) => intensity / 2));
  const right = 2 * Math.max(...points.map(({ intensity }) => intensity));
  const flats = [
    { name: 'multiply-add f32', rate: ceilings.fmaF32Gflops },
    { name: 'multiply-add f16', rate: ceilings.fmaF16Gflops },
    { name: 'matrix units', rate: ceilings.matrixGflops },
  ].filter((line): line is { name: string; rate: number } => line.rate !== null);
  const top = Math.max(...flats.map(({ rate }) => rate));
  const slope = [
    { intensity: left, rate: left * ceilings.copyGBs },
    { intensity: top / ceilings.copyGBs, rate: top },
  ];
  // One label a shape, at its fastest storage.
  const labelled = ours.filter(
    ({ name, rate }) => !ours.some((other) => other.name === name && other.rate > rate),
  );
  return draw({
    height: 520,
    width: 860,
    marginLeft: 60,
    marginTop: 60,
    marginRight: 40,
    x: { type: 'log', label: 'flops per byte moved', domain: [left, right], grid: true, tickFormat: '~r' },
    y: { type: 'log', label: 'GFLOP/s', grid: true, tickFormat: '~r' },
    color: { domain: Object.keys(COLOURS), range: Object.values(COLOURS), legend: false },
    symbol: { domain: Object.keys(SYMBOLS), range: Object.values(SYMBOLS) },
    marks: [
      Plot.line(slope, { x: 'intensity', y: 'rate', stroke: '#222', clip: true }),
      Plot.text(slope.slice(0, 1), {
        ...{ x: 'intensity', y: 'rate', textAnchor: 'start', dx: 6, dy: -14 },
        text: () => `copy ${ceilings.copyGBs.toFixed(1)} GB/s`,
      }),
      Plot.ruleY(flats, { y: 'rate', stroke: '#222', strokeDasharray: '6 3' }),
      Plot.text(flats, {
        ...{ y: 'rate', frameAnchor: 'left', textAnchor: 'start', dx: 4, dy: -7 },
        text: ({ name, rate }: { name: string; rate: number }) => `${name} ${rate.toFixed(1)}`,
      }),
      Plot.dot(points, {
        ...{ x: 'intensity', y: 'rate', stroke: 'kind', fill: 'kind', symbol: 'kind', title: 'title', r: 4 },
      }),
      Plot.text(labelled, {
        ...{ x: 'intensity', y: 'rate', text: 'name', fontSize: 9, rotate: -35 },
        ...{ textAnchor: 'start', dx: 5, dy: -5, stroke: 'white', fill: '#222', strokeWidth: 3 },
      }),
    ],
  });
}

function pointOf(row: Timed<Row> | Timed<PeerRow>) {
  return { intensity: row.flops / row.bytes, rate: rateOf(row, row.timing.median) };
}

interface Bar {
  readonly label: string;
  readonly value: number;
  readonly kind: string;
  /** A tick at the ceiling. */
  readonly ceiling?: number;
}

function bars(data: readonly Bar[], label: string): string | undefined {
  if (data.length === 0) return undefined;
  return draw({
    height: 60 + 18 * data.length,
    marginLeft: 380,
    width: 860,
    marginRight: 60,
    x: {
      label,
      grid: true,
      domain: [0, Math.max(...data.flatMap(({ value, ceiling = 0 }) => [value, ceiling]))],
    },
    y: { label: null, domain: data.map((bar) => bar.label) },
    color: { domain: Object.keys(COLOURS), range: Object.values(COLOURS) },
    marks: [
      Plot.barX(data, { y: 'label', x: 'value', fill: 'kind', insetTop: 1, insetBottom: 1 }),
      Plot.text(data, {
        ...{ y: 'label', x: 'value', textAnchor: 'start', dx: 4, fontSize: 10 },
        text: ({ value }: Bar) => value.toPrecision(3),
      }),
      Plot.tickX(
        data.filter(({ ceiling }) => ceiling !== undefined),
        { y: 'label', x: 'ceiling', stroke: '#222', strokeWidth: 2 },
      ),
    ],
  });
}

const kindOf = (storage: string) =>
  storage.endsWith('packed') ? 'packed' : /16/.test(storage) ? 'f16' : 'f32';

/** By shape: ours in each storage, then the peers at it. */
export function gemmBars(results: Results): string | undefined {
  const own = chosenOf(results);
  const peers = timed(results.peers).filter(({ suite }) => suite === 'gemm');
  const names = [...new Set(own.map(({ name }) => name))];
  return bars(
    names.flatMap((name): Bar[] => [
      ...own
        .filter((row) => row.name === name)
        .map((row) => ({ label: `${name} ${row.storage}`, kind: row.storage, value: pointOf(row).rate })),
      ...peers
        .filter((row) => row.case === name)
        .map((row) => ({
          label: `${name} ${row.storage}, ${row.name} ${row.backend}`,
          ...{ kind: 'peers', value: pointOf(row).rate },
        })),
    ]),
    'GFLOP/s',
  );
}

/** Casts, copies and reductions, each with its ceiling. */
export function moveBars(results: Results): string | undefined {
  const rows = (['cast', 'copy', 'reduce'] as const).flatMap((suite) => timed(rowsOf(results, suite)));
  return bars(
    rows.map((row) => ({
      label: `${row.suite} ${row.name} ${row.storage}`,
      kind: row.storage,
      value: rateOf(row, row.timing.median),
      ceiling: ceilingOf(row, results.ceilings),
    })),
    'GB/s',
  );
}

/** Error of a sum against its length, a line for each way to hold it. */
export function errorLines({ errors }: Results): string | undefined {
  // A logarithm has no 0.
  const seen = errors.filter(({ rms }) => rms > 0);
  if (seen.length === 0) return undefined;
  return draw({
    ...{ height: 420, width: 860, marginLeft: 60, marginTop: 40 },
    x: { type: 'log', label: 'K, products in a sum', grid: true, tickFormat: '~s' },
    y: { type: 'log', label: 'rms error, of the rms of the exact results', grid: true, tickFormat: '~e' },
    fx: { label: null },
    color: { legend: false },
    marks: [
      Plot.frame(),
      Plot.line(seen, { x: 'k', y: 'rms', fx: 'distribution', stroke: 'accumulate', marker: 'circle' }),
      Plot.text(
        seen,
        Plot.selectLast({
          ...{ x: 'k', y: 'rms', fx: 'distribution', z: 'accumulate', fill: 'accumulate' },
          ...{ text: 'accumulate', textAnchor: 'end' as const, dx: -8, dy: -8, stroke: 'white' },
        }),
      ),
    ],
  });
}

export function stepBars(results: Results): string | undefined {
  const steps = rowsOf(results, 'step');
  const own = timed(steps.filter(({ name }) => name === steps[0]!.name));
  const peers = timed(results.peers).filter(({ suite }) => suite === 'step');
  return bars(
    [
      ...own.map((row) => ({ label: row.storage, kind: kindOf(row.storage), value: row.timing.median })),
      ...peers.map((row) => ({
        label: `${row.name} ${row.backend}`,
        kind: 'peers',
        value: row.timing.median,
      })),
    ],
    'ms a step',
  );
}
