/** Notices in `fit` that nothing is learnt any more: the loss scale lies at its floor, and still every step is skipped. */
import type { ScaleValues } from '../precision/scale-state.ts';
import type { Batch } from './batches.ts';
import { LossScaleOptimizer } from './optimizers/loss-scale-optimizer.ts';
import { whereOverflows } from './overflow.ts';
import type { Step, Training } from './steps.ts';

/** Steps skipped in a row that are not called bad luck any more. */
const PATIENCE = 8;
/** Steps after which the state is looked at. */
const LOOK_STEPS = 16;

export class StuckWatch {
  readonly #training: Training;
  #steps = 0;
  #stuck: ScaleValues | undefined;
  #told = false;
  #telling: Promise<void> = Promise.resolve();

  constructor(training: Training) {
    this.#training = training;
  }

  /** `step`, looked at now and then: never waited for, and told of once with the layer that overflows on the next batch. */
  around(step: Step): (batch: Batch) => ReturnType<Step> {
    const { optimizer } = this.#training;
    if (!(optimizer instanceof LossScaleOptimizer && optimizer.dynamic)) return step;
    return (batch) => {
      if (this.#stuck && !this.#told) this.#tell(this.#stuck, whereOverflows(this.#training, batch));
      const results = step(batch);
      if (++this.#steps % LOOK_STEPS === 0) {
        const looking = optimizer.readState().then((values) => this.see(values));
        looking.catch(() => {});
      }
      return results;
    };
  }

  /** Takes note of the state after some step. At its floor, or where it has none below 1, a scale is of no use any more. */
  see(values: ScaleValues): void {
    const { minScale } = this.#training.optimizer.lossScaling;
    const stuck = values.inARow >= PATIENCE && values.scale <= Math.max(minScale, 1);
    this.#stuck = stuck ? values : undefined;
  }

  /** Training has ended: what is still to be told is. */
  async end(): Promise<void> {
    if (this.#stuck && !this.#told) this.#tell(this.#stuck, Promise.resolve(undefined));
    await this.#telling;
  }

  #tell({ scale, inARow }: ScaleValues, where: Promise<string | undefined>): void {
    this.#told = true;
    const warn = (found: string | undefined) => {
      const first = found ? `first not finite is ${found}; ` : '';
      console.warn(
        `fit: the loss scale has come down to ${scale} and the last ${inARow} steps were skipped: ${first}give the layer dtype 'float32', make its inputs smaller, or look for NaN in the data; ht.numerics.watch(model) shows what each op stores`,
      );
    };
    this.#telling = where.then(warn, () => warn(undefined));
  }
}
