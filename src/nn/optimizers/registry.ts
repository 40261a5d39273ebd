/** Optimizers by class name, as configurations and `compile` name them. */
import { list, show } from '../../values/dtype.ts';
import { ArgumentError } from '../../values/errors.ts';
import { CLASSES } from './index.ts';
import type { Optimizer } from './optimizer.ts';

export interface OptimizerConfig {
  className: string;
  config: Record<string, unknown>;
}

/** The name by which configurations know its class. */
export function optimizerClassName(optimizer: Optimizer): string {
  const found = Object.entries(CLASSES).find(([, kind]) => kind === optimizer.constructor);
  return found?.[0] ?? optimizer.constructor.name;
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
