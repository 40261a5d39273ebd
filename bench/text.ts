/** What a table of text is, and how numbers stand in it. */

export interface TextTable {
  readonly title: string;
  readonly head: readonly string[];
  /** The first columns are words, those from here on numbers. */
  readonly numbersFrom: number;
  readonly rows: readonly (readonly string[])[];
}

export const milliseconds = (value: number) => value.toPrecision(3).replace(/e\+0*(\d+)$/, 'e$1');
export const times = (value: number | undefined) => (value === undefined ? '' : `${value.toFixed(2)}x`);
