// Golden cases: filters and pools that slide over steps and images.
import type { GoldenCase } from './golden-case.ts';

const cases = (
  layer: string,
  ...given: (readonly [config: object, input: readonly number[], forwardOnly?: true])[]
): GoldenCase[] =>
  given.map(([config, input, forwardOnly]) => ({
    ...{ layer, config, inputs: [input] },
    ...(forwardOnly && { forwardOnly }),
  }));

/** The mean of what a window has of the image: by it TensorFlow.js divides its results, but not its gradients. */
const atBorders = (layer: string) => (layer === 'averagePooling' ? ([true] as const) : ([] as const));

const pools = (layer: string): GoldenCase[] => [
  ...cases(
    `${layer}1d`,
    [{}, [2, 7, 3]],
    [{ poolSize: 3, strides: 2, padding: 'same' }, [1, 8, 5], ...atBorders(layer)],
    [{ poolSize: 3, strides: 1 }, [2, 9, 1]],
  ),
  ...cases(
    `${layer}2d`,
    [{}, [2, 5, 7, 3]],
    [{ poolSize: 3, strides: 2, padding: 'same' }, [1, 6, 7, 5], ...atBorders(layer)],
    [{ poolSize: [2, 3], strides: [1, 2] }, [2, 5, 8, 2]],
  ),
];

const globals = (layer: string): GoldenCase[] => [
  ...cases(`${layer}1d`, [{}, [2, 7, 3]], [{}, [1, 33, 1]]),
  ...cases(`${layer}2d`, [{}, [2, 5, 4, 3]], [{}, [1, 3, 11, 5]]),
];

const GOLDEN_VOLUMES: readonly GoldenCase[] = [
  ...cases(
    'conv3d',
    [{ filters: 3, kernelSize: 2, activation: 'relu' }, [2, 3, 4, 3, 2]],
    [{ filters: 2, kernelSize: [3, 2, 3], strides: [2, 1, 2], padding: 'same' }, [1, 5, 3, 4, 3]],
  ),
  ...cases('conv3dTranspose', [
    { filters: 2, kernelSize: 3, strides: 2, padding: 'same', useBias: false },
    [1, 2, 3, 2, 3],
    true,
  ]),
  ...cases('maxPooling3d', [{}, [2, 4, 5, 4, 3]], [{ poolSize: 2, strides: 1 }, [1, 3, 4, 3, 2]]),
  ...cases('averagePooling3d', [{}, [2, 4, 5, 4, 3]]),
];

export const GOLDEN_CONVOLUTIONS: readonly GoldenCase[] = [
  ...GOLDEN_VOLUMES,
  ...cases(
    'conv1d',
    [{ filters: 4, kernelSize: 3 }, [2, 9, 5]],
    [{ filters: 1, kernelSize: 1 }, [1, 1, 1]],
    [{ filters: 5, kernelSize: 4, strides: 2, padding: 'same', activation: 'relu' }, [3, 11, 3]],
    [{ filters: 3, kernelSize: 3, padding: 'same', activation: 'tanh' }, [2, 7, 4]],
    [{ filters: 7, kernelSize: 3, dilationRate: 2, useBias: false }, [1, 13, 3], true],
  ),
  ...cases(
    'conv2d',
    [{ filters: 4, kernelSize: 3 }, [2, 6, 5, 3]],
    [{ filters: 1, kernelSize: 1 }, [1, 1, 1, 1]],
    [{ filters: 5, kernelSize: [3, 2], strides: [2, 1], padding: 'same', activation: 'relu' }, [1, 7, 6, 2]],
    [{ filters: 7, kernelSize: 5, strides: 3, padding: 'same', activation: 'sigmoid' }, [2, 8, 9, 1]],
    [{ filters: 6, kernelSize: 1, activation: 'elu' }, [2, 4, 3, 5]],
    [{ filters: 3, kernelSize: 3, dilationRate: 2, useBias: false }, [1, 8, 7, 2], true],
    [{ filters: 4, kernelSize: 3, padding: 'same', activation: 'softmax' }, [2, 3, 5, 4]],
  ),
  ...cases(
    'conv2dTranspose',
    [{ filters: 4, kernelSize: 3 }, [2, 3, 4, 3]],
    [{ filters: 3, kernelSize: 3, strides: 2, padding: 'same', activation: 'relu' }, [1, 4, 3, 5]],
    [{ filters: 5, kernelSize: [2, 3], strides: [3, 2] }, [2, 2, 3, 1]],
    [{ filters: 1, kernelSize: 4, strides: 2, padding: 'same', useBias: false }, [1, 3, 5, 7]],
  ),
  ...cases(
    'depthwiseConv2d',
    [{ kernelSize: 3 }, [2, 6, 5, 3]],
    [{ kernelSize: 3, depthMultiplier: 2, padding: 'same', activation: 'relu' }, [1, 5, 4, 3]],
    [{ kernelSize: [2, 3], strides: 2, useBias: false }, [2, 7, 8, 5]],
    // With dilationRate TensorFlow.js gives what it gives without.
    [{ kernelSize: 2, depthMultiplier: 3 }, [1, 6, 7, 1]],
  ),
  ...cases(
    'separableConv2d',
    [{ filters: 4, kernelSize: 3 }, [2, 6, 5, 3]],
    [
      { filters: 3, kernelSize: 3, strides: 2, padding: 'same', depthMultiplier: 2, activation: 'tanh' },
      [1, 7, 5, 2],
    ],
    [{ filters: 7, kernelSize: [3, 1], useBias: false }, [2, 4, 3, 5]],
  ),
  ...pools('maxPooling'),
  ...pools('averagePooling'),
  ...globals('globalMaxPooling'),
  ...globals('globalAveragePooling'),
];
