// What a test does with console.warn: collects what is said meanwhile, or keeps quiet what its cases are bound to bring.
import type { Test } from './harness.ts';

/** What `console.warn` was told while `fn` ran. */
export async function warningsOf(fn: () => unknown): Promise<string[]> {
  const { warn } = console;
  const told: string[] = [];
  console.warn = (text: string) => told.push(text);
  try {
    await fn();
  } finally {
    console.warn = warn;
  }
  return told;
}

/** For a suite that hands scaled gradients to optimizers that never saw the loss. */
export function quiet(test: Test, what: RegExp): void {
  const { warn } = console;
  test.before(() => {
    console.warn = (text: string) => void (what.test(text) || warn(text));
  });
  test.after(() => {
    console.warn = warn;
  });
}

/** Told of gradients that were scaled by hand. */
export const NEVER_SCALED = /was never called|were never called/;
