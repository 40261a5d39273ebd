/** Peers at the cases that they can do too: each timed in turns with ours, ours / peer in its row. */
import { type Effort, measure, type Timing } from './measure.ts';
import { nameOf, type PeerCase, PeerError, type PeerHandle, type Problem } from './peers/peers.ts';
import type { PeerRow } from './rows.ts';
import type { Ready } from './suite.ts';

/** Squares at which peers are measured. */
const SQUARES = [256, 512, 1024];

/** The problem that a case of ours poses to peers, where it does. */
function problemOf(
  { suite, name, shape, storage, candidate, problem }: Ready,
  step: Problem,
): Problem | undefined {
  if (suite === 'ops') return storage === 'packed' ? undefined : problem;
  if (suite === 'step' && storage === 'float32') return nameOf(step) === `step ${name}` ? step : undefined;
  if (suite !== 'gemm' || !shape || candidate || storage === 'packed') return undefined;
  const { m, k, n, batch, layout } = shape;
  const square = SQUARES.includes(m) && m === k && k === n && batch === 1 && layout === 'NN';
  return square ? { suite: 'gemm', m, k, n, layout: 'NN', storage: storage as 'f32' | 'f16' } : undefined;
}

/** One row a peer and case; a peer that cannot be measured is a row with its reason. */
export async function measureRivals(
  cases: readonly Ready[],
  step: Problem,
  peers: readonly PeerHandle[],
  effort: Effort,
  say: (text: string) => void,
): Promise<PeerRow[]> {
  const rows: PeerRow[] = [];
  for (const ours of cases) {
    const problem = problemOf(ours, step);
    if (!problem) continue;
    say(`peers at ${nameOf(problem)}`);
    const found = await Promise.all(peers.map((peer) => peer.prepare(problem)));
    const right = found.filter((one): one is PeerCase => !(one instanceof PeerError));
    const outcomes = await measure([ours.work, ...right], effort);
    const [own, ...theirs] = outcomes;
    for (const [index, peer] of peers.entries()) {
      const one = found[index]!;
      // A library without halves is no failure, and no news.
      if (one instanceof PeerError && one.absent) continue;
      const outcome = one instanceof PeerError ? one : theirs[right.indexOf(one as PeerCase)]!;
      rows.push({
        ...{ name: peer.name, version: peer.version, backend: peer.backend, suite: problem.suite },
        ...{ case: ours.name, storage: ours.storage, flops: ours.flops, bytes: ours.bytes },
        timing: timingOrNone(outcome),
        ours: timingOrNone(own!),
        note: outcome instanceof Error ? outcome.message : coarseness(one),
      });
    }
    await Promise.all(right.map((one) => one.release()));
  }
  return rows;
}

function timingOrNone(outcome: Timing | Error): Timing | undefined {
  return outcome instanceof Error ? undefined : outcome;
}

function coarseness(one: PeerError | { readonly coarse: boolean }): string {
  return 'coarse' in one && one.coarse ? 'sums in f16' : '';
}
