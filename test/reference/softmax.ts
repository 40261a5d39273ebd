// Reference: log-sum-exp, softmax, its logarithm and softmax cross-entropy, over the last axis.
import { at, build, type Plain } from './array.ts';
import { binary } from './elementwise.ts';
import { type Fold, maxOf, reduce, sumOf } from './reduce.ts';

export const logSumExpOf: Fold = (values) => {
  const largest = maxOf(values);
  return largest + Math.log(sumOf(values.map((value) => Math.exp(value - largest))));
};

export function logSumExp(x: Plain, keepDims = false): Plain {
  return reduce(logSumExpOf, x, -1, keepDims);
}

export function logSoftmax(x: Plain): Plain {
  return binary((value, lse) => value - lse)(x, logSumExp(x, true));
}

export function softmax(x: Plain): Plain {
  return binary((value, lse) => Math.exp(value - lse))(x, logSumExp(x, true));
}

/** Targets are class numbers in the shape of the rows, of which those outside the classes give NaN. */
export function sparseCrossEntropy(logits: Plain, targets: Plain): Plain {
  const classes = logits.shape.at(-1)!;
  const logs = logSoftmax(logits);
  return build(targets.shape, (index) => {
    const target = at(targets, index);
    return target >= 0 && target < classes ? -at(logs, [...index, target]) : Number.NaN;
  });
}

/** Targets are weights in the shape of the logits. */
export function denseCrossEntropy(logits: Plain, targets: Plain): Plain {
  return reduce(sumOf, binary((log, target) => -log * target)(logSoftmax(logits), targets), -1);
}
