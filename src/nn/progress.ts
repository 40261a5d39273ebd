/** How long work shows that it goes on: a bar in a terminal, plain lines elsewhere; the host chooses. */

export interface ProgressStep {
  readonly done: number;
  readonly total: number;
  /** Numbers worth seeing on the way, by name. */
  readonly numbers: Readonly<Record<string, number>>;
}

export interface Progress {
  /** Starts a stretch of `total` steps. */
  start(title: string, total: number): void;
  step(step: ProgressStep): void;
  /** Ends the stretch with what came out. */
  end(numbers: Readonly<Record<string, number>>): void;
  /** Ends a stretch that did not come to its end, if there is one. */
  stop(): void;
}

/** `loss 0.1234  accuracy 0.9876`. */
export function showNumbers(numbers: Readonly<Record<string, number>>): string {
  return Object.entries(numbers)
    .map(([name, value]) => `${name} ${Number.isInteger(value) ? value : Number(value.toPrecision(4))}`)
    .join('  ');
}

/** One line at the end of each stretch. */
export class LineProgress implements Progress {
  #title = '';

  start(title: string): void {
    this.#title = title;
  }

  step(): void {}

  end(numbers: Readonly<Record<string, number>>): void {
    console.log(`${this.#title}  ${showNumbers(numbers)}`);
  }

  stop(): void {}
}

let create: () => Progress = () => new LineProgress();

/** Sets what shows progress from now on. */
export function setProgress(factory: () => Progress): void {
  create = factory;
}

export function createProgress(): Progress {
  return create();
}
