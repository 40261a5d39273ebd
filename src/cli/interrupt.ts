/** Ctrl-C: work that can stop by itself is asked to; anything else ends, with files as they were. */

let ask: (() => void) | undefined;

/** While `work` runs, the first Ctrl-C calls `stop` instead of ending the process; the second ends it. */
export async function stoppable<T>(stop: () => void, work: () => Promise<T>): Promise<T> {
  ask = stop;
  try {
    return await work();
  } finally {
    ask = undefined;
  }
}

/** Takes over what signals do to this process. What is half written goes with it. */
export function handleSignals(): void {
  const end = () => {
    console.error('\nhalftape: interrupted; nothing more was written, and all files are whole');
    process.exit(1);
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', () => {
    if (!ask) return end();
    ask();
    ask = undefined;
  });
}
