// What a row of the op table says, and the forms of float32 and float16 that every row runs in.
import type { Engine, Tensor } from '../../src/node.ts';
import type { DType } from '../../src/values/dtype.ts';
import type { Plain } from '../reference/array.ts';
import type { Draw } from './draws.ts';

export type Shapes = readonly (readonly number[])[];

export interface Row {
  /** The exported name. */
  readonly op: string;
  /** Which use of it, where an op has several rows. */
  readonly note?: string;
  /** Input shapes, one list a case. */
  readonly cases: readonly Shapes[];
  /** Default: the op on all inputs. */
  readonly run?: (...inputs: Tensor[]) => Tensor;
  readonly reference: (...inputs: Plain[]) => Plain;
  /** How inputs are drawn: one for all, or one an input. Default: uniform in [-2, 2]. */
  readonly draws?: Draw | readonly Draw[];
  /** dtype of the result. Default: that of the run. */
  readonly result?: DType;
  /** The result is not rounded. */
  readonly exact?: true;
  /** There is no gradient. */
  readonly constant?: true;
  /** Values summed in each result. Default: elements of the first input for each of the result. */
  readonly terms?: (...inputs: Plain[]) => number;
  /** Other dtypes, run forward on small whole numbers and compared exactly. */
  readonly also?: readonly DType[];
  /** Their reference, where it differs. */
  readonly wholeReference?: (...inputs: Plain[]) => Plain;
}

/** Float dtype and engine of a run. */
export interface Form {
  readonly engine: Engine;
  readonly dtype: 'float32' | 'float16';
}

export type FormName = 'float32' | 'float16 native' | 'float16 packed';
export const FORMS: readonly FormName[] = ['float32', 'float16 native', 'float16 packed'];

export function nameOf({ op, note }: Row): string {
  return note ? `${op} ${note}` : op;
}
