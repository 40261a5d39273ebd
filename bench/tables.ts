/** The results as tables of text: the terminal and the page show the same. */
import type { Timing } from './measure.ts';
import { SUITES, type Suite } from './options.ts';
import { type Results, rowsOf } from './results.ts';
import { fractionOf, type Row, rateOf, ratioOf, unitOf } from './rows.ts';
import { stepTables } from './step-tables.ts';
import { milliseconds, type TextTable, times } from './text.ts';

export function tablesOf(results: Results): readonly TextTable[] {
  const suites = SUITES.map((suite) => (suite === 'gemm' ? gemmTable(results) : suiteTable(results, suite)));
  const others = [candidateTable(results), ...errorTables(results), peerTable(results)];
  return [...suites, ...stepTables(results), ...others].filter(({ rows }) => rows.length > 0);
}

const percent = (value: number | undefined) => (value === undefined ? '' : `${(100 * value).toFixed(0)} %`);
const rate = (row: Pick<Row, 'flops' | 'bytes'>, { median }: Timing) => rateOf(row, median).toFixed(1);
const spread = ({ p20, p80 }: Timing) => `${milliseconds(p20)} - ${milliseconds(p80)}`;

/** ms, p20 - p80, rate, share of the ceiling. */
function figures(row: Row, { ceilings }: Results): string[] {
  if (!row.timing) return ['FAILED', '', '', ''];
  const { timing } = row;
  return [milliseconds(timing.median), spread(timing), rate(row, timing), percent(fractionOf(row, ceilings))];
}

/** The square that other shapes are compared with. */
const SQUARE = '512x512x512 NN';

function gemmTable(results: Results): TextTable {
  const chosen = rowsOf(results, 'gemm').filter(({ candidate }) => !candidate);
  const speed = (name: string, storage: string) => {
    const row = chosen.find((one) => one.name === name && one.storage === storage);
    return row?.timing && rateOf(row, row.timing.median);
  };
  const rows = chosen.map((row) => {
    const [own, f32, square] = [
      speed(row.name, row.storage),
      speed(row.name, 'f32'),
      speed(SQUARE, row.storage),
    ];
    return [
      ...[row.name, row.storage, row.kernel, ...figures(row, results)],
      times(own && f32 && row.storage !== 'f32' ? own / f32 : undefined),
      times(own && square && row.name !== SQUARE ? own / square : undefined),
    ];
  });
  const head = ['m x k x n', 'storage', 'kernel', 'ms', 'p20 - p80', 'GFLOP/s', 'of ceiling', 'to f32'];
  return { title: 'gemm', head: [...head, `to ${SQUARE}`], numbersFrom: 3, rows };
}

function suiteTable(results: Results, suite: Suite): TextTable {
  const rows = rowsOf(results, suite);
  const units = new Set(rows.map(unitOf));
  const unit = [...units].join(', ');
  return {
    title: suite,
    head: ['case', suite === 'step' ? 'policy' : 'storage', 'kernel', 'ms', 'p20 - p80', unit, 'of ceiling'],
    numbersFrom: 3,
    rows: rows.map((row) => [row.name, row.storage, row.kernel, ...figures(row, results)]),
  };
}

/** Every candidate of a shape, the fastest first, and how many times as fast as the chosen one it is. */
function candidateTable(results: Results): TextTable {
  const all = rowsOf(results, 'gemm');
  const rows = all
    .filter(({ candidate }) => !candidate)
    .flatMap((chosen) => {
      const same = all.filter(({ name, storage }) => name === chosen.name && storage === chosen.storage);
      if (same.length === 1) return [];
      const time = ({ timing }: Row) => timing?.median ?? Number.POSITIVE_INFINITY;
      return same
        .sort((a, b) => time(a) - time(b))
        .map((row) => [
          ...[row.name, row.storage, `${row.kernel}${row === chosen ? '  <- chosen' : ''}`],
          ...figures(row, results),
          row.timing && chosen.timing ? times(time(chosen) / time(row)) : '',
        ]);
    });
  const head = ['m x k x n', 'storage', 'candidate', 'ms', 'p20 - p80', 'GFLOP/s', 'of ceiling'];
  return { title: 'candidates', head: [...head, 'to chosen'], numbersFrom: 3, rows };
}

/** By length of the sum, once by the root mean square and once by the largest. */
function errorTables({ errors }: Results): TextTable[] {
  const lengths = [...new Set(errors.map(({ k }) => k))];
  const kinds = new Map(errors.map((row) => [`${row.distribution} ${row.accumulate}`, row]));
  return (['rms', 'max'] as const).map((measure) => ({
    title: `accumulation: ${measure} error, of the rms of the exact results`,
    head: ['factors', 'sum in', ...lengths.map((k) => `K ${k}`)],
    numbersFrom: 2,
    rows: [...kinds.values()].map(({ distribution, accumulate }) => [
      ...[distribution, accumulate],
      ...lengths.map((length) => {
        const row = errors.find(
          (one) => one.k === length && one.distribution === distribution && one.accumulate === accumulate,
        );
        return row ? row[measure].toExponential(1) : '';
      }),
    ]),
  }));
}

function peerTable({ peers }: Results): TextTable {
  const rows = peers.flatMap((row) => {
    if (!row.timing) return [];
    const { median } = row.timing;
    return [
      [
        ...[row.case, row.storage, `${row.name} ${row.version}`, row.backend, milliseconds(median)],
        ...[spread(row.timing), rate(row, row.timing), times(ratioOf(row)), row.note],
      ],
    ];
  });
  const head = ['case', 'storage', 'peer', 'backend', 'ms', 'p20 - p80', 'rate', 'ours is', 'note'];
  return { title: 'peers', head, numbersFrom: 4, rows };
}

/** Why a peer has no figure, a line each. */
export function peerLines({ peers }: Results): readonly string[] {
  return peers.filter(({ timing }) => !timing).map(({ note }) => note);
}

/** `multiply-add f32 88.1 GFLOP/s`, one a line. */
export function ceilingLines({ ceilings }: Results): readonly string[] {
  const { fmaF32Gflops, fmaF16Gflops, matrixGflops, copies, fastest } = ceilings;
  const rates: [string, number | null, string][] = [
    ['multiply-add f32', fmaF32Gflops, 'GFLOP/s'],
    ['multiply-add f16', fmaF16Gflops, 'GFLOP/s'],
    ['matrix units', matrixGflops, 'GFLOP/s'],
    ...copies.map(({ bytes, GBs }): [string, number, string] => [
      `copy of ${bytes / 2 ** 20} MiB`,
      GBs,
      'GB/s',
    ]),
  ];
  return rates.map(([name, value, unit]) => {
    const how = fastest.find((one) => one.startsWith(`${name}: `))?.slice(name.length + 2);
    if (value === null) return `${name}: none here`;
    return `${name}: ${value.toFixed(1)} ${unit} (${how})`;
  });
}
