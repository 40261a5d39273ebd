/** Progress in a terminal: a bar with the numbers beside it; where output is no terminal, the plain lines of the core. */
import cliProgress from 'cli-progress';
import { LineProgress, type Progress, type ProgressStep, showNumbers } from '../nn/progress.ts';

class BarProgress implements Progress {
  #bar: cliProgress.SingleBar | undefined;
  #lines = new LineProgress();

  start(title: string, total: number): void {
    this.#lines.start(title);
    this.#bar = new cliProgress.SingleBar({
      format: `${title}  {bar} {value}/{total}  {eta_formatted} left  {numbers}`,
      barsize: 24,
      hideCursor: true,
      clearOnComplete: true,
      stream: process.stdout,
    });
    this.#bar.start(total, 0, { numbers: '' });
  }

  step({ done, numbers }: ProgressStep): void {
    this.#bar?.update(done, { numbers: showNumbers(numbers) });
  }

  end(numbers: Readonly<Record<string, number>>): void {
    this.stop();
    this.#lines.end(numbers);
  }

  /** A bar left running keeps the process alive and the cursor hidden. */
  stop(): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }
}

/** A terminal without a width, as some pseudo-terminals are, gets plain lines: a bar would be drawn without end. */
export function terminalProgress(): Progress {
  return process.stdout.isTTY && process.stdout.columns > 0 ? new BarProgress() : new LineProgress();
}
