/** How the bench measures: warm-up, repetition to samples of some length, all works in turns, the median of each. */
import type { Engine } from '../src/gpu/engine.ts';
import type { Program } from '../src/gpu/program.ts';
import { type Source, type Timing, timingOf } from './peers/timing.ts';

export type { Source, Timing } from './peers/timing.ts';
export { timingOf } from './peers/timing.ts';

export interface Effort {
  /** Shortest sample. */
  readonly minMs: number;
  /** Samples of each work. */
  readonly samples: number;
}

/** What became of a work: its timing, or why there is none. */
export type Outcome = Timing | Error;

/**
 * Times all works in turns, every other round backwards (ours, peer, peer, ours): what slows the machine for a while
 * slows all of them. The first round is warm-up: drivers compile in it, and works find out how often to repeat. A work
 * that fails is left out from then on.
 */
export async function measure(
  works: readonly Source[],
  { minMs, samples }: Effort,
  progress: (done: number, all: number) => void = () => {},
): Promise<Outcome[]> {
  const taken: (number[] | Error)[] = works.map(() => []);
  let done = 0;
  for (let round = 0; round <= samples; round++) {
    const order = [...works.entries()];
    if (round % 2 === 0) order.reverse();
    for (const [index, work] of order) {
      const own = taken[index]!;
      if (Array.isArray(own)) {
        try {
          const ms = await work.sample(minMs);
          if (round > 0) own.push(ms);
        } catch (thrown) {
          taken[index] = thrown instanceof Error ? thrown : new Error(String(thrown));
        }
      }
      progress(++done, works.length * (samples + 1));
    }
  }
  return taken.map((own) => (Array.isArray(own) ? timingOf(own) : own));
}

/** Does the work `times` times and gives the milliseconds of all of them. */
export type Run = (times: number) => Promise<number>;

/** Most repetitions in a sample; works this short are at the mercy of the clock. */
const MOST = 100_000;

/** Repeats until a sample is long enough; later samples begin with the number of times found. */
export class Repeated implements Source {
  readonly #run: Run;
  #times = 0;

  constructor(run: Run) {
    this.#run = run;
  }

  async sample(minMs: number): Promise<number> {
    if (this.#times === 0) {
      await this.#run(1);
      this.#times = 1;
    }
    for (;;) {
      const times = this.#times;
      const ms = await this.#run(times);
      if (ms >= minMs || times >= MOST) return ms / times;
      // From a short sample, which is mostly the way to the device and back, only a rough guess is taken.
      const wanted = (1.2 * minMs * times) / Math.max(ms, 1e-3);
      this.#times = Math.min(MOST, Math.max(times + 1, Math.ceil(Math.min(wanted, times * 100))));
    }
  }
}

/** Dispatches in one command list; more are several lists, so that no watchdog takes them for one that hangs. */
const LONGEST = 256;

/** GPU work as `record` records it, replayed as a jitted function replays: what is timed is the device, not JavaScript. */
export class EngineWork extends Repeated {
  readonly #forget: () => void;

  constructor(engine: Engine, record: () => void) {
    let known: { times: number; program: Program } | undefined;
    const forget = () => {
      if (known) engine.disposeProgram(known.program);
      known = undefined;
    };
    const programOf = (times: number): Program => {
      if (known?.times === times) return known.program;
      forget();
      const { trace } = engine.trace(() => {
        for (let time = 0; time < times; time++) record();
      });
      known = { times, program: engine.program(trace, [], []) };
      return known.program;
    };
    super(async (times) => {
      const lists = Math.ceil(times / LONGEST);
      const long = Math.ceil(times / lists);
      const program = programOf(long);
      const start = performance.now();
      for (let list = 0; list < lists; list++) engine.replay(program, [], []);
      await engine.settle();
      // Whole lists: a few times more than asked for, of which the share of `times` counts.
      return ((performance.now() - start) * times) / (long * lists);
    });
    this.#forget = forget;
  }

  dispose(): void {
    this.#forget();
  }
}
