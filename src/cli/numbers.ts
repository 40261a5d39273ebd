/** Numbers on the command line, checked where they are read. */
import { InvalidArgumentError } from 'commander';

/** A whole number from 1 on. */
export function wholeNumber(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('use a whole number from 1 on');
}

/** A number, or a fraction such as 1/255. */
export function factor(text: string): number {
  const parts = text.split('/').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  const value = parts.length === 1 ? parts[0]! : parts.length === 2 ? parts[0]! / parts[1]! : Number.NaN;
  if (Number.isFinite(value)) return value;
  throw new InvalidArgumentError('use a number, or a fraction such as 1/255');
}

/** A number from 0 on. */
export function bound(text: string): number {
  const value = factor(text);
  if (value >= 0) return value;
  throw new InvalidArgumentError('use a number from 0 on');
}

/** A number from 0 to below 1. */
export function share(text: string): number {
  const value = factor(text);
  if (value >= 0 && value < 1) return value;
  throw new InvalidArgumentError('use a number from 0 to below 1');
}

/** Rows and columns: `224`, or `240x320`. */
export function size(text: string): [rows: number, columns: number] {
  const [, rows, columns = rows] = /^(\d+)(?:x(\d+))?$/.exec(text) ?? [];
  if (Number(rows) > 0 && Number(columns) > 0) return [Number(rows), Number(columns)];
  throw new InvalidArgumentError('use rows and columns such as 240x320, or one number for both');
}
