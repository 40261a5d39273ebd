/** Optimizers by class name, as configurations and `compile` name them. */
import { list, show } from '../../values/dtype.ts';
import { ArgumentError } from '../../values/errors.ts';
import { CLASSES } from './index.ts';
import type { Optimizer } from './optimizer.ts';

export interface OptimizerConfig {
  className: string;
  config: Record<string, unknown>;
}

/** An optimizer from its class name, in any case, and options. Throws `ArgumentError` for a name that is none. */
export function optimizerFromConfig({ className, config }: OptimizerConfig): Optimizer {
  const name = (Object.keys(CLASSES) as (keyof typeof CLASSES)[]).find(
    (known) => known.toLowerCase() === String(className).toLowerCase(),
  );
  if (!name)
    throw new ArgumentError(`optimizer: unknown name ${show(className)}; use ${list(Object.keys(CLASSES))}`);
  return new CLASSES[name](config);
}
