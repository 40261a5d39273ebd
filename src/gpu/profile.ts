/** The time of each dispatch of a program: a table by kernel, and the trace file that chrome://tracing and Perfetto open. */
import { textTable } from '../values/text-table.ts';
import type { DispatchInfo } from './program-report.ts';

export interface ProfiledDispatch extends DispatchInfo {
  /** Microseconds from the first dispatch's begin. */
  readonly start: number;
  readonly micros: number;
}

/** All dispatches of one pipeline. */
export interface KernelRow {
  readonly label: string;
  readonly calls: number;
  readonly micros: number;
  /** Of the sum over all kernels. */
  readonly share: number;
  /** Undefined where a kernel counts no arithmetic. */
  readonly gflops: number | undefined;
  /** What is bound, each binding once, by time: no more than a hint where caches hold it. */
  readonly gigabytesPerSecond: number;
}

export class Profile {
  readonly dispatches: readonly ProfiledDispatch[];
  /** Where times come from: the GPU's timestamps, or the clock of an adapter without them, waits included. */
  readonly source: 'timestamps' | 'clock';

  constructor(dispatches: readonly ProfiledDispatch[], source: 'timestamps' | 'clock') {
    this.dispatches = dispatches;
    this.source = source;
  }

  /** Microseconds of all dispatches. */
  get micros(): number {
    return this.dispatches.reduce((sum, { micros }) => sum + micros, 0);
  }

  /** Kernels, the slowest first. */
  get kernels(): readonly KernelRow[] {
    const groups = new Map<string, ProfiledDispatch[]>();
    for (const dispatch of this.dispatches) {
      const group = groups.get(dispatch.label);
      if (group) group.push(dispatch);
      else groups.set(dispatch.label, [dispatch]);
    }
    const total = this.micros;
    const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);
    return [...groups]
      .map(([label, group]) => {
        const micros = sum(group.map((one) => one.micros));
        const flops = sum(group.map((one) => one.flops ?? 0));
        return {
          ...{ label, calls: group.length, micros, share: micros / total },
          gflops: flops > 0 ? flops / micros / 1e3 : undefined,
          gigabytesPerSecond: sum(group.map(({ bytes }) => bytes)) / micros / 1e3,
        };
      })
      .sort((a, b) => b.micros - a.micros);
  }

  toString(): string {
    const rows = this.kernels.map(({ label, calls, micros, share, gflops, gigabytesPerSecond }) => [
      shortLabel(label),
      String(calls),
      micros.toFixed(1),
      `${(share * 100).toFixed(1)} %`,
      gflops?.toFixed(1) ?? '',
      gigabytesPerSecond.toFixed(1),
    ]);
    const total = `${this.dispatches.length} dispatches, ${(this.micros / 1e3).toFixed(2)} ms by ${this.source}`;
    return `${total}\n${textTable(['kernel', 'calls', 'us', 'share', 'GFLOP/s', 'GB/s'], rows)}`;
  }

  /** JSON of the trace event format; times in microseconds. */
  trace(): string {
    const traceEvents = this.dispatches.map(({ label, start, micros, workgroups, bytes, flops }) => ({
      ...{ name: label.split(' ')[0], cat: 'gpu', ph: 'X', pid: 1, tid: 1, ts: start, dur: micros },
      args: { label, workgroups: workgroups.join(' x '), bytes, ...(flops === undefined ? {} : { flops }) },
    }));
    return JSON.stringify({ traceEvents, displayTimeUnit: 'ms' });
  }
}

/** Without the switches that are off. */
function shortLabel(label: string): string {
  return label
    .split(' ')
    .filter((part) => !part.endsWith('=0'))
    .join(' ');
}
