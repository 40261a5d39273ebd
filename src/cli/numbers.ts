/** Numbers on the command line, checked where they are read. */
import { InvalidArgumentError } from 'commander';

/** A whole number from 1 on. */
export function wholeNumber(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('use a whole number from 1 on');
}
