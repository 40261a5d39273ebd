/** A window's numbers under the names that kernels have for them. */
import type { Window } from '../values/window.ts';

const NONE: Window = {
  ...{ image: [0, 0], filter: [0, 0], strides: [0, 0], dilations: [0, 0], before: [0, 0], positions: [0, 0] },
};

/** Of windows with zeros where there are none. */
export function windowParams({ image, filter, strides, dilations, before, positions }: Window = NONE) {
  return {
    ...{ height: image[0], width: image[1], filterDown: filter[0], filterAcross: filter[1] },
    ...{ strideDown: strides[0], strideAcross: strides[1] },
    ...{ dilationDown: dilations[0], dilationAcross: dilations[1] },
    ...{ paddingTop: before[0], paddingLeft: before[1] },
    ...{ positionsDown: positions[0], positionsAcross: positions[1] },
  };
}
