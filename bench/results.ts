/** What one run of the bench found, and its form as JSON. */
import type { ErrorRow } from './accumulation.ts';
import type { Environment } from './environment.ts';
import type { Timing } from './measure.ts';
import type { Suite } from './options.ts';
import { type Ceilings, fractionOf, type PeerRow, type Row, rateOf, ratioOf } from './rows.ts';

export interface Results {
  readonly environment: Environment;
  readonly ceilings: Ceilings;
  readonly rows: readonly Row[];
  /** Of the suite that times nothing. */
  readonly errors: readonly ErrorRow[];
  readonly peers: readonly PeerRow[];
}

export function rowsOf({ rows }: Results, suite: Suite): readonly Row[] {
  return rows.filter((row) => row.suite === suite);
}

export function failuresOf({ rows }: Results): readonly Row[] {
  return rows.filter(({ failure }) => failure !== undefined);
}

/** p20 and p80 are those of the time: the rate at p20 is the higher one. */
function milliseconds(timing: Timing | undefined) {
  const { median = null, p20 = null, p80 = null } = timing ?? {};
  return { ms: median, p20, p80 };
}

const orNull = (value: number | undefined) => value ?? null;

export function toJson(results: Results): object {
  const { environment, ceilings, peers } = results;
  const common = (row: Row) => ({
    storage: row.storage,
    kernel: row.kernel,
    fractionOfCeiling: orNull(fractionOf(row, ceilings)),
    ...milliseconds(row.timing),
    ...(row.failure === undefined ? {} : { failure: row.failure }),
  });
  const rate = (row: Row) => orNull(row.timing && rateOf(row, row.timing.median));
  const moves = (suite: Suite) =>
    rowsOf(results, suite).map((row) => ({
      case: row.name,
      bytes: row.bytes,
      GBs: rate(row),
      ...common(row),
    }));
  const { adapter, ...rest } = environment;
  return {
    adapter,
    environment: rest,
    ceilings,
    gemm: rowsOf(results, 'gemm').map((row) => ({
      ...row.shape,
      gflops: rate(row),
      ...common(row),
      chosen: !row.candidate,
    })),
    cast: moves('cast'),
    copy: moves('copy'),
    reduce: moves('reduce'),
    ops: rowsOf(results, 'ops').map((row) => ({
      ...{ case: row.name, flops: row.flops, bytes: row.bytes },
      ...(row.flops ? { gflops: rate(row) } : { GBs: rate(row) }),
      ...common(row),
    })),
    step: rowsOf(results, 'step').map((row) => ({
      case: row.name,
      policy: row.storage,
      msPerStep: orNull(row.timing?.median),
      gflops: rate(row),
      ...row.step,
      ...common(row),
    })),
    accumulation: results.errors,
    peers: peers.map((row) => ({
      ...{ name: row.name, version: row.version, backend: row.backend, suite: row.suite },
      ...{ case: row.case, storage: row.storage },
      ...(row.suite !== 'step'
        ? { [row.flops ? 'gflops' : 'GBs']: orNull(row.timing && rateOf(row, row.timing.median)) }
        : { msPerStep: orNull(row.timing?.median) }),
      ...milliseconds(row.timing),
      oursMs: orNull(row.ours?.median),
      // How many times as fast ours is.
      ratio: orNull(ratioOf(row)),
      note: row.note,
    })),
  };
}
