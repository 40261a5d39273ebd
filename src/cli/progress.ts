/** Progress of work that tells the share of it that is done. */
import { createProgress } from '../nn/progress.ts';

/** Steps of a stretch. */
const STEPS = 100;

/** Runs `work` with a bar of this title where it takes long; nothing is shown where `silent`. */
export async function during<T>(
  title: string,
  silent: boolean,
  work: (onProgress: (share: number) => void) => Promise<T>,
): Promise<T> {
  if (silent) return work(() => {});
  const progress = createProgress();
  progress.start(title, STEPS);
  const start = performance.now();
  try {
    const result = await work((share) =>
      progress.step({ done: Math.round(share * STEPS), total: STEPS, numbers: {} }),
    );
    progress.end({ seconds: Number(((performance.now() - start) / 1000).toFixed(1)) });
    return result;
  } finally {
    progress.stop();
  }
}
