/** What `verify` found: differences of results and of layers, as numbers, as a table, and held against a bound. */
import { shortPath, textTable, threeDigits } from '../values/text-table.ts';

/** How results differ from their float32 reference, over all batches. */
export class Difference {
  readonly name: string;
  count = 0;
  /** Largest |difference|, and the largest |reference|. */
  max = 0;
  largest = 0;
  /** Rows of (n, classes) results, and those of them whose largest class is the same. */
  rows = 0;
  agreeing = 0;
  #sum = 0;
  #squares = 0;
  #signal = 0;

  constructor(name: string) {
    this.name = name;
  }

  /** Takes in the numbers that `verify` computed for `count` elements, in `rows` rows of classes or none. */
  add(count: number, rows: number, [max, sum, squares, largest, signal, same = 0]: readonly number[]): void {
    this.count += count;
    // NaN wins, as Math.max has it.
    this.max = Math.max(this.max, max!);
    this.largest = Math.max(this.largest, largest!);
    this.#sum += sum!;
    this.#squares += squares!;
    this.#signal += signal!;
    this.rows += rows;
    this.agreeing += same;
  }

  get mean(): number {
    return this.#sum / this.count;
  }

  /** Largest difference as a share of the largest reference. */
  get relative(): number {
    return this.max === 0 ? 0 : this.max / this.largest;
  }

  /** Signal-to-noise ratio in decibels: of the reference's energy to that of the difference. Infinite where nothing differs. */
  get snr(): number {
    return this.#over(this.#signal);
  }

  /** Peak signal-to-noise ratio in decibels, for values from 0 to `peak`; by default to the largest of the reference. */
  psnr(peak = this.largest): number {
    return this.#over(peak * peak * this.count);
  }

  #over(signal: number): number {
    return this.#squares === 0 ? Number.POSITIVE_INFINITY : 10 * Math.log10(signal / this.#squares);
  }

  /** Share of rows whose largest class is the same; undefined where there are no classes. */
  get top1(): number | undefined {
    return this.rows > 0 ? this.agreeing / this.rows : undefined;
  }
}

export class Verification {
  readonly outputs: readonly Difference[];
  /** In the order in which they run. */
  readonly layers: readonly Difference[];
  readonly maxError: number | undefined;

  constructor(outputs: readonly Difference[], layers: readonly Difference[], maxError: number | undefined) {
    this.outputs = outputs;
    this.layers = layers;
    this.maxError = maxError;
  }

  /** Largest difference of a result, as a share of the largest result. NaN where one is not finite. */
  get error(): number {
    return Math.max(...this.outputs.map(({ relative }) => relative));
  }

  /** Whether all results are finite, and within the bound where there is one. */
  get passed(): boolean {
    return this.error <= (this.maxError ?? Number.MAX_VALUE);
  }

  /** The layer with the least signal-to-noise ratio. */
  get worst(): Difference | undefined {
    const rank = ({ snr }: Difference) => (Number.isNaN(snr) ? Number.NEGATIVE_INFINITY : snr);
    return [...this.layers].sort((a, b) => rank(a) - rank(b))[0];
  }

  toString(): string {
    const head = ['', 'max difference', 'of the largest', 'mean', 'SNR', 'same top class'];
    const rows = this.outputs.map((of) => [...rowOf(of), of.top1 === undefined ? '' : percent(of.top1)]);
    const { worst } = this;
    const bound =
      this.maxError === undefined
        ? ''
        : ` The bound of ${percent(this.maxError)} is ${this.passed ? 'kept' : 'passed over'}.`;
    return [
      textTable(head, rows),
      ...(worst ? [`Worst layer: ${shortPath(worst.name)}, ${dB(worst.snr)}.${bound}`] : [bound.trim()]),
    ].join('\n');
  }

  /** Layer by layer. */
  layerTable(): string {
    return textTable(
      ['layer', 'max difference', 'of the largest', 'mean', 'SNR'],
      this.layers.map((layer) => [...rowOf(layer)]),
    );
  }
}

function rowOf({ name, max, mean, relative, snr }: Difference): string[] {
  return [shortPath(name), number(max), percent(relative), number(mean), dB(snr)];
}

function dB(value: number): string {
  return Number.isFinite(value) ? `${value.toFixed(1)} dB` : value > 0 ? 'equal' : String(value);
}

function number(value: number): string {
  return Math.abs(value) >= 1e-3 || value === 0 ? threeDigits(value) : value.toExponential(1);
}

function percent(share: number): string {
  return `${threeDigits(share * 100)} %`;
}
