// Runs the garbage collector, so that tensors which earlier tests dropped do not go back in the middle of a measurement.
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Resolves when what nobody holds any more was collected and its finalisers have run. */
export async function collected(): Promise<void> {
  for (let round = 0; round < 10; round++) {
    collect();
    await turn();
  }
}
