/** One run of the bench: ceilings first, then each suite; cases are checked, then timed in turns. */
import { type ErrorRow, measureAccumulation } from './accumulation.ts';
import { findLimits, type Limits } from './ceilings.ts';
import { readEnvironment } from './environment.ts';
import { type Multiply, prepareGemm } from './gemm.ts';
import { type Effort, measure, type Outcome, type Source, timingOf } from './measure.ts';
import { prepareCast, prepareCopy, prepareReduce } from './moves.ts';
import { type Engines, openEngines } from './operands.ts';
import { prepareOps } from './ops/ops.ts';
import type { Options, TimedSuite } from './options.ts';
import { PEERS, type PeerHandle, startPeers } from './peers/peers.ts';
import type { Results } from './results.ts';
import { measureRivals } from './rivals.ts';
import type { PeerRow, Row } from './rows.ts';
import { prepareStep, STEP } from './step.ts';
import { isReady, type Prepared, type Ready } from './suite.ts';

/** Who is told how far the run is. */
export interface Audience {
  /** A new part of the run begins; the function given back is called as it goes on. */
  part(name: string): (done: number, all: number) => void;
}

/** For tests: a product that replaces the family's. */
export interface Replacements {
  readonly multiply?: Multiply;
}

/** Rows hold the failures of cases; what throws is no adapter, and a ceiling kernel with a wrong result. */
export async function runBench(
  options: Options,
  audience: Audience,
  replacements: Replacements = {},
): Promise<Results> {
  const engines = await openEngines();
  const { software } = engines.main.info;
  // On a GPU a wait costs its processors nothing.
  const definitions = PEERS.filter(({ lentWait }) => software || !lentWait);
  const peers = options.peers ? startPeers({ definitions }) : [];
  let limits: Limits | undefined;
  try {
    const environment = await readEnvironment(engines.main.info);
    const effort = effortOf(options, environment.software);
    limits = await findLimits(engines.main, options.quick, effort, audience.part('ceilings'));
    const rows: Row[] = [];
    const rivals: PeerRow[] = [];
    for (const [kind, suites] of Object.entries(SESSIONS) as [Kind, readonly TimedSuite[]][]) {
      const asked = suites.filter((suite) => options.suites.includes(suite));
      const setting = { options, engines, effort, peers, audience, replacements, limits };
      const found = asked.length > 0 ? await runSession(kind, asked, setting) : { rows: [], rivals: [] };
      rows.push(...found.rows);
      rivals.push(...found.rivals);
    }
    const errors = options.suites.includes('accumulation')
      ? await errorsOf(options, engines, audience.part('accumulation'))
      : [];
    return { environment, ceilings: limits.ceilings(), rows, errors, peers: rivals };
  } finally {
    for (const peer of peers) peer.close();
    limits?.dispose();
    engines.close();
  }
}

function errorsOf({ quick, only }: Options, { main }: Engines, progress: Progress): Promise<ErrorRow[]> {
  const wanted = (name: string) => `accumulation ${name}`.includes(only);
  return measureAccumulation(main, { quick, wanted }, progress);
}

/** Suites with the same ceilings are timed together, those in turns with them. */
const SESSIONS = { arithmetic: ['gemm', 'step', 'ops'], memory: ['cast', 'copy', 'reduce'] } as const;
type Kind = keyof typeof SESSIONS;

/** Waiting costs a millisecond more or less on a software adapter, so samples are longer there. */
function effortOf({ quick }: Options, software: boolean): Effort {
  if (quick) return { minMs: software ? 15 : 10, samples: 5 };
  return { minMs: software ? 40 : 10, samples: 9 };
}

interface Setting {
  readonly options: Options;
  readonly engines: Engines;
  readonly effort: Effort;
  readonly peers: readonly PeerHandle[];
  readonly audience: Audience;
  readonly replacements: Replacements;
  readonly limits: Limits;
}

async function runSession(kind: Kind, suites: readonly TimedSuite[], setting: Setting) {
  const { peers, effort, audience, limits } = setting;
  const name = suites.join(', ');
  const opened: Prepared[] = [];
  try {
    for (const suite of suites) {
      audience.part(`${suite}: checking results`);
      opened.push(await prepareSuite(suite, setting));
    }
    const cases = opened.flatMap((one) => one.cases);
    const ready = cases.filter(isReady);
    const outcomes = await timed(ready, limits, kind, effort, audience.part(name));
    const rows = cases.map((one): Row => {
      if (!isReady(one)) return { ...one, timing: undefined };
      const { work, ...of } = one;
      const outcome = outcomes.get(work)!;
      return outcome instanceof Error
        ? { ...of, timing: undefined, failure: outcome.message }
        : { ...of, timing: outcome };
    });
    const say = (text: string) => void audience.part(text);
    const rivals = peers.length > 0 ? await measureRivals(ready, STEP, peers, effort, say) : [];
    for (const { work } of ready) work.dispose();
    return { rows, rivals };
  } finally {
    for (const one of opened) one.release();
  }
}

/** Candidates this many times slower than the fastest of their shape are timed once and left. */
const HOPELESS = 3;
/** Cases between two looks at the ceilings. */
const STRETCH = 8;

type Progress = (done: number, all: number) => void;

async function timed(
  ready: readonly Ready[],
  limits: Limits,
  kind: Kind,
  effort: Effort,
  progress: Progress,
): Promise<Map<Source, Outcome>> {
  const found = new Map<Source, Outcome>();
  const rest = ready.some(({ candidate }) => candidate)
    ? await withoutHopeless(ready, effort, found, progress)
    : ready;
  const ceilings = limits.works(kind);
  const works = rest.flatMap(({ work }, index): Source[] =>
    index % STRETCH === 0 ? [...ceilings, work] : [work],
  );
  const outcomes = await measure(works, effort, progress);
  for (const [index, work] of works.entries()) found.set(work, outcomes[index]!);
  for (const work of ceilings) {
    const own = outcomes.filter((_, index) => works[index] === work);
    const samples = own.flatMap((outcome) => (outcome instanceof Error ? [] : outcome.samples));
    if (samples.length > 0) limits.replace(work, timingOf(samples));
  }
  return found;
}

async function withoutHopeless(
  ready: readonly Ready[],
  effort: Effort,
  found: Map<Source, Outcome>,
  progress: Progress,
): Promise<readonly Ready[]> {
  const once = await measure(
    ready.map(({ work }) => work),
    { ...effort, samples: 1 },
    progress,
  );
  for (const [index, { work }] of ready.entries()) found.set(work, once[index]!);
  const time = ({ work }: Ready) => {
    const outcome = found.get(work)!;
    return outcome instanceof Error ? Number.POSITIVE_INFINITY : outcome.median;
  };
  return ready.filter((one) => {
    const same = ready.filter(({ name, storage }) => name === one.name && storage === one.storage);
    return !one.candidate || time(one) <= HOPELESS * Math.min(...same.map(time));
  });
}

function prepareSuite(suite: TimedSuite, { options, engines, replacements }: Setting): Promise<Prepared> {
  const { quick, candidates, scaling, steps, only } = options;
  const wanted = (name: string) => `${suite} ${name}`.includes(only);
  switch (suite) {
    case 'gemm':
      return prepareGemm(engines, { quick, candidates, wanted, ...replacements });
    case 'cast':
      return prepareCast(engines, { quick, wanted });
    case 'copy':
      return prepareCopy(engines, { quick, wanted });
    case 'reduce':
      return prepareReduce(engines, { quick, wanted });
    case 'ops':
      return prepareOps(engines, { quick, wanted });
    case 'step':
      return prepareStep({ native: engines.native !== undefined, scaling, steps, wanted });
  }
}
