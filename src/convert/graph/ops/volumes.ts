/** Ops of a graph on volumes: convolutions and pooling, channels last. */
import { conv3d } from '../../../ops/conv3d.ts';
import { conv3dTranspose } from '../../../ops/conv3d-transpose.ts';
import { avgPool3d, maxPool3d } from '../../../ops/pool3d.ts';
import { FormatError } from '../../../values/errors.ts';
import type { Triple } from '../../../values/window.ts';
import type { OpCall, OpTable } from '../op-call.ts';

export const VOLUMES: OpTable = {
  Conv3D: (n) => {
    const own = n.shape(1)[3]!;
    const groups = own > 0 && n.shape(0)[4]! % own === 0 ? n.shape(0)[4]! / own : 1;
    const dilations = triple(n, 'dilations', [1, 1, 1, 1, 1]);
    return conv3d(n.tensor(0), n.tensor(1), triple(n, 'strides'), pad(n), { dilations, groups });
  },
  Conv3DBackpropInputV2: (n) => {
    if (triple(n, 'dilations', [1, 1, 1, 1, 1]).some((rate) => rate > 1))
      throw new FormatError('dilated, which transposed convolutions of volumes are not here');
    // Some graphs leave the batch open.
    const shape = [n.shape(2)[0]!, ...n.ints(0).slice(1)];
    return conv3dTranspose(n.tensor(2), n.tensor(1), shape, triple(n, 'strides'), pad(n));
  },
  AvgPool3D: (n) => avgPool3d(n.tensor(0), triple(n, 'ksize'), triple(n, 'strides'), pad(n)),
  MaxPool3D: (n) => maxPool3d(n.tensor(0), triple(n, 'ksize'), triple(n, 'strides'), pad(n)),
};

function triple({ attributes }: OpCall, name: string, fallback?: readonly number[]): Triple {
  attributes.string('data_format', 'NDHWC', ['NDHWC']);
  const [batch, depth, height, width, channels] = attributes.ints(name, fallback, 5);
  if (batch !== 1 || channels !== 1)
    throw new FormatError(
      `attribute '${name}' begins with ${batch} and ends with ${channels}; use 1 for both`,
    );
  return [depth!, height!, width!];
}

function pad({ attributes }: OpCall): 'same' | 'valid' {
  return attributes.string('padding', undefined, ['SAME', 'VALID']) === 'SAME' ? 'same' : 'valid';
}
