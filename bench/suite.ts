/** What a suite is made of: cases whose results are right, ready to be timed, and those that are not. */
import type { Source } from './measure.ts';
import type { Case } from './rows.ts';

/** What can be timed, and frees what it made for that. */
export interface Work extends Source {
  dispose(): void;
}

export interface Ready extends Case {
  readonly work: Work;
}

export interface Refused extends Case {
  readonly failure: string;
}

export interface Prepared {
  readonly cases: readonly (Ready | Refused)[];
  /** Frees the memory of all cases; due when they are timed. */
  release(): void;
}

export function isReady(prepared: Ready | Refused): prepared is Ready {
  return 'work' in prepared;
}

/**
 * Runs a case once, and lets nothing be timed that is not right. `wrong` says why a result is not; what is thrown on the
 * way, such as a shader that the driver refuses, is a failed case too.
 */
export async function checked(
  of: Case,
  work: Work,
  wrong: () => Promise<string | undefined>,
): Promise<Ready | Refused> {
  try {
    await work.sample(0);
    const failure = await wrong();
    if (failure === undefined) return { ...of, work };
    work.dispose();
    return { ...of, failure };
  } catch (error) {
    work.dispose();
    return { ...of, failure: messageOf(error) };
  }
}

export function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0]!;
}
