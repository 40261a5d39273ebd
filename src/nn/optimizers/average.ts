/** The moving average of weights that an optimizer may keep. */
import { show } from '../../values/dtype.ts';
import { ArgumentError } from '../../values/errors.ts';
import { checkFlag } from '../checks.ts';

export interface AverageOptions {
  /** Whether a moving average of the weights is kept: see `finalizeVariableValues`. Default false. */
  useEma?: boolean;
  /** Share of the average that a step keeps. Default 0.99. */
  emaMomentum?: number;
  /** Steps after which the weights become the average, again and again. Default: never. */
  emaOverwriteFrequency?: number;
}

/** The name of the slot. */
export const AVERAGE = 'average';

export interface Average {
  readonly momentum: number;
  /** 0: never. */
  readonly frequency: number;
}

/** Throws `ArgumentError`. */
export function averageOf(name: string, options: AverageOptions): Average | undefined {
  const { emaMomentum: momentum = 0.99, emaOverwriteFrequency: frequency = 0 } = options;
  const useEma = checkFlag(name, 'useEma', options.useEma ?? false);
  if (!(typeof momentum === 'number' && momentum >= 0 && momentum <= 1))
    throw new ArgumentError(`${name}: emaMomentum ${show(momentum)}; use a number from 0 to 1`);
  if (!(Number.isInteger(frequency) && frequency >= 0))
    throw new ArgumentError(`${name}: emaOverwriteFrequency ${show(frequency)}; use a whole number of steps`);
  return useEma ? { momentum, frequency } : undefined;
}

/** As options of the optimizer. */
export function averageConfig({ momentum, frequency }: Average): AverageOptions {
  const often = frequency > 0 ? { emaOverwriteFrequency: frequency } : {};
  return { useEma: true, emaMomentum: momentum, ...often };
}
