/** Tables of training steps: what they cost the host and the memory, how their time grows with work, and whether it drifts. */
import { type Results, rowsOf } from './results.ts';
import type { Row, StepFacts } from './rows.ts';
import { milliseconds, type TextTable, times } from './text.ts';

export function stepTables(results: Results): readonly TextTable[] {
  const rows = rowsOf(results, 'step').filter(isStep);
  return [hostTable(rows), ...growthTables(rows), driftTable(rows)];
}

type StepRow = Row & { readonly step: StepFacts };

function isStep(row: Row): row is StepRow {
  return row.step !== undefined;
}

function hostTable(rows: readonly StepRow[]): TextTable {
  const mebibytes = (bytes: number) => (bytes / 2 ** 20).toFixed(2);
  return {
    title: 'step: host and memory',
    head: [
      ...['case', 'policy', 'dispatches', 'us each', 'bare us', 'to bare', 'made'],
      ...['activations MiB', 'weight gradients', 'peak'],
    ],
    numbersFrom: 2,
    rows: rows.map(({ name, storage, step }) => {
      const { hostMicrosPerDispatch: host, bareMicrosPerDispatch: bare } = step;
      return [
        ...[name, storage, String(step.dispatches), host.toFixed(2), bare.toFixed(2), times(host / bare)],
        [step.submits, step.buffersCreated, step.bindGroupsCreated].join(' / '),
        ...[step.activationBytes, step.weightGradientBytes, step.peakBytes].map(mebibytes),
      ];
    }),
  };
}

/** One table for cases that differ in width, one for those that differ in batch; each policy against its own first row. */
function growthTables(rows: readonly StepRow[]): readonly TextTable[] {
  const series: [by: string, of: (row: StepRow) => string, size: (row: StepRow) => number][] = [
    ['width', ({ step }) => String(step.batch), ({ flops, step }) => flops / step.batch],
    ['batch', ({ step }) => step.model, ({ step }) => step.batch],
  ];
  return series.map(([by, of, size]) => {
    const groups = new Map<string, StepRow[]>();
    for (const row of rows.filter(({ timing }) => timing)) {
      const key = `${row.storage} ${of(row)}`;
      groups.set(key, [...(groups.get(key) ?? []), row]);
    }
    const grown = [...groups.values()].filter((group) => new Set(group.map(size)).size > 1);
    return {
      title: `step: growth by ${by}`,
      head: ['case', 'policy', 'ms', 'GFLOP', 'ms / GFLOP', 'work', 'time'],
      numbersFrom: 2,
      rows: grown.flatMap((group) => {
        const sorted = [...group].sort((a, b) => size(a) - size(b));
        const [first] = sorted;
        return sorted.map(({ name, storage, timing, flops }) => [
          ...[name, storage, milliseconds(timing!.median), (flops / 1e9).toFixed(3)],
          (timing!.median / (flops / 1e9)).toFixed(1),
          ...[times(flops / first!.flops), times(timing!.median / first!.timing!.median)],
        ]);
      }),
    };
  });
}

function driftTable(rows: readonly StepRow[]): TextTable {
  const long = rows.flatMap(({ name, storage, step: { drift } }) =>
    drift ? [{ name, storage, drift }] : [],
  );
  const [{ drift } = {}] = long;
  return {
    title: `step: ms a step in each tenth of ${drift?.steps ?? 0} steps`,
    head: ['case', 'policy', ...Array.from({ length: 10 }, (_, tenth) => `${tenth + 1}`), 'last to first'],
    numbersFrom: 2,
    rows: long.map((row) => {
      const { msPerStep } = row.drift;
      return [
        row.name,
        row.storage,
        ...msPerStep.map(milliseconds),
        times(msPerStep.at(-1)! / msPerStep[0]!),
      ];
    }),
  };
}
