/** The command line of the bench, checked: what it may say stands here once. */
import { parseArgs } from 'node:util';

export const SUITES = ['gemm', 'cast', 'copy', 'reduce', 'step', 'ops', 'accumulation'] as const;
export type Suite = (typeof SUITES)[number];
export type TimedSuite = Exclude<Suite, 'accumulation'>;

export const HELP = `Usage: npm run bench -- [gemm] [cast] [copy] [reduce] [step] [ops] [accumulation] [--peers]
                        [--candidates] [--scaling] [--steps N] [--only TEXT] [--quick] [--json FILE] [--html FILE] [--help]

Measures the adapter's own limits, then kernels and training steps against them. Without a suite: all of them.
A result that does not match its f64 reference is not timed: its row says so, and the exit code is 1.
accumulation times nothing: it is the error of sums in float32, float16, chunks and Kahan's way, against their length.

  --peers        other libraries too, in the same run and in turns with ours (first: npm ci --prefix bench/peers)
  --candidates   gemm: every kernel and tile that the family has for a shape, and how far the chosen one is from the best
  --scaling      step: 1, 2, 4 and 8 times the width and the batch too; the time must grow as the work does
  --steps N      step: a small step N times too, its time by tenths, so that a drift is seen; 10000 take about a minute
  --only TEXT    only cases with TEXT in their name, such as 512x512x512, NT or mixed_float16
  --quick        fewer shapes and fewer samples: about a minute
  --json FILE    the figures as JSON
  --html FILE    a page with a roofline plot and charts
  --help         this text`;

export interface Options {
  readonly suites: readonly Suite[];
  readonly peers: boolean;
  readonly candidates: boolean;
  readonly scaling: boolean;
  /** 0 without. */
  readonly steps: number;
  readonly only: string;
  readonly quick: boolean;
  readonly json: string | undefined;
  readonly html: string | undefined;
  readonly help: boolean;
}

/** Throws an `Error` whose message names what was said and what is accepted. */
export function parseOptions(args: readonly string[]): Options {
  const { values, positionals } = parse(args);
  const strange = positionals.find((word) => !SUITES.some((suite) => suite === word));
  if (strange !== undefined) {
    throw new Error(`there is no suite '${strange}'; use ${SUITES.join(', ')}, or none for all of them`);
  }
  const named = SUITES.filter((suite) => positionals.includes(suite));
  const suites = named.length > 0 ? named : SUITES;
  if (values.candidates && !suites.includes('gemm')) {
    throw new Error(`--candidates is about gemm, and the suites are ${suites.join(', ')}; add gemm`);
  }
  if (values.scaling && !suites.includes('step')) {
    throw new Error(`--scaling is about step, and the suites are ${suites.join(', ')}; add step`);
  }
  const steps = Number(values.steps ?? 0);
  if (values.steps !== undefined && !(Number.isInteger(steps) && steps >= 10 && steps % 10 === 0))
    throw new Error(`--steps '${values.steps}'; use a multiple of 10, such as 10000`);
  if (steps > 0 && !suites.includes('step'))
    throw new Error(`--steps is about step, and the suites are ${suites.join(', ')}; add step`);
  for (const option of ['only', 'json', 'html'] as const) {
    if (values[option] === '') throw new Error(`--${option} is empty; give it a value, or leave it out`);
  }
  const { peers, candidates, scaling, only = '', quick, json, html, help } = values;
  return { suites, peers, candidates, scaling, steps, only, quick, json, html, help };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        peers: { type: 'boolean', default: false },
        candidates: { type: 'boolean', default: false },
        scaling: { type: 'boolean', default: false },
        steps: { type: 'string' },
        only: { type: 'string' },
        quick: { type: 'boolean', default: false },
        json: { type: 'string' },
        html: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    // Only Node's first sentence: the rest is about arguments that this command does not have.
    const [said] = (error as Error).message.split(/\.\s|\n/);
    throw new Error(`${said}; npm run bench -- --help shows the options`);
  }
}
