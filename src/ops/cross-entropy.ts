/** `softmaxCrossEntropy`: fused, from logits, one float32 loss a row; its fused gradient is an op itself. */
import { defineOp } from '../autograd/op.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { tidy } from '../autograd/tidy.ts';
import { crossEntropyGradientKernel, crossEntropyKernel } from '../kernels/cross_entropy.ts';
import { requireDType } from '../values/dtype.ts';
import { DtypeError, ShapeError } from '../values/errors.ts';
import { sameShape, showShape } from '../values/shape.ts';
import { cast } from './cast.ts';
import { type TensorLike, toTensor } from './input.ts';
import { mul } from './mul.ts';
import { neg } from './neg.ts';
import { oneHot } from './one-hot.ts';
import { reshape } from './reshape.ts';
import { logSoftmax, softmax } from './softmax.ts';
import { sub } from './sub.ts';
import { sum } from './sum.ts';

// Outputs: the loss, and the log-sum-exp that the gradient reads.
const op = defineOp<undefined>({
  name: 'softmaxCrossEntropy',
  precision: 'deny',
  uniform: [0],
  infer: ([logits, targets]) => {
    requireDType('softmaxCrossEntropy', 'logits', logits!.dtype, ['float32', 'float16']);
    if (logits!.rank < 1)
      throw new ShapeError('softmaxCrossEntropy: logits are a scalar; use (..., classes)');
    const rows = logits!.shape.slice(0, -1);
    const wanted = targets!.dtype === 'int32' ? rows : logits!.shape;
    if (!sameShape(targets!.shape, wanted)) {
      throw new ShapeError(
        `softmaxCrossEntropy: ${targets!.dtype} targets are ${showShape(targets!.shape)}, logits ${showShape(logits!.shape)}; use targets ${showShape(wanted)}`,
      );
    }
    return [
      { shape: rows, dtype: 'float32' },
      { shape: [...rows, 2], dtype: 'float32' },
    ];
  },
  forward: ([logits, targets], [loss, lse]) =>
    crossEntropyKernel(logits!, targets!, loss!, lse!, logits!.shape.at(-1)!),
  backward: ({ gradients: [upstream], inputs: [logits, targets], outputs: [, lse], needs }) => {
    const column = () => reshape(upstream!, [...upstream!.shape, 1]);
    return [
      needs[0] ? gradientOp([logits!, targets!, lse!, upstream!], undefined)[0]! : null,
      needs[1] ? neg(mul(column(), logSoftmax(cast(logits!, 'float32')))) : null,
    ];
  },
});

// g (softmax(x) T - t), T the sum of a row's targets: by x softmax's Jacobian, by g the row's inner product.
const gradientOp = defineOp<undefined>({
  name: 'softmaxCrossEntropyGradient',
  precision: 'deny',
  uniform: [0],
  infer: ([logits]) => [{ shape: logits!.shape, dtype: logits!.dtype }],
  forward: ([logits, targets, lse, g], [y]) => {
    const total = targets!.dtype === 'int32' ? undefined : sum(targets!, -1);
    crossEntropyGradientKernel(logits!, targets!, total, lse!, g!, y!, logits!.shape.at(-1)!);
    total?.dispose();
  },
  backward: ({ gradients: [upstream], inputs: [logits, targets, , g], needs }) => {
    const v = cast(upstream!, 'float32');
    const probabilities = softmax(cast(logits!, 'float32'));
    const sparse = targets!.dtype === 'int32';
    const dense = sparse ? oneHot(targets!, logits!.shape.at(-1)!) : targets!;
    const total = sum(dense, -1, true);
    const scaled = mul(v, reshape(g!, [...g!.shape, 1]));
    const weighted = mul(mul(scaled, probabilities), total);
    return [
      needs[0] ? sub(weighted, mul(probabilities, sum(weighted, -1, true))) : null,
      needs[1] ? sub(sum(mul(scaled, probabilities), -1, true), scaled) : null,
      null,
      needs[3] ? sum(mul(v, sub(mul(probabilities, total), dense)), -1) : null,
    ];
  },
});

/**
 * `sum over c of t[c] (log sum e^logits - logits[c])` for each row of logits (..., classes), in float32. Targets are
 * int32 class numbers (...), of which one outside the classes gives NaN, or float32 (..., classes). Throws
 * `ShapeError`, `DtypeError`.
 */
export function softmaxCrossEntropy(logits: TensorLike, targets: TensorLike): Tensor {
  return tidy(() => {
    const x = toTensor('softmaxCrossEntropy', logits);
    const t = toTensor('softmaxCrossEntropy', targets, x);
    if (t.dtype !== 'int32' && t.dtype !== 'float32' && t.dtype !== 'float16') {
      throw new DtypeError(
        `softmaxCrossEntropy: targets are ${t.dtype}; use int32 class numbers or float32 probabilities`,
      );
    }
    return op([x, t.dtype === 'float16' ? cast(t, 'float32') : t], undefined)[0]!;
  });
}
