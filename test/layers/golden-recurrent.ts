// Golden cases: recurrent layers.
import type { GoldenCase } from './golden-case.ts';

const KINDS = ['simpleRNN', 'lstm', 'gru'] as const;
type Kind = (typeof KINDS)[number];

/** What TensorFlow.js has by default or cannot do, said to both. */
const SAID: Record<Kind, object> = {
  simpleRNN: {},
  lstm: { recurrentActivation: 'sigmoid' },
  gru: { recurrentActivation: 'sigmoid', resetAfter: false },
};

const of = (kind: Kind, config: object, input: readonly number[], more: object = {}): GoldenCase => ({
  ...{ layer: kind, config: { ...SAID[kind], ...config }, inputs: [input] },
  ...more,
});

const around = (kind: Kind, config: object, own: object, more: object = {}): GoldenCase => ({
  layer: 'bidirectional',
  config,
  inputs: [[2, 4, 3]],
  inner: { layer: kind, config: { ...SAID[kind], units: 4, ...own } },
  ...more,
});

export const GOLDEN_RECURRENT: readonly GoldenCase[] = [
  ...KINDS.flatMap((kind) => [
    of(kind, { units: 4 }, [3, 5, 2]),
    of(kind, { units: 1 }, [1, 2, 1]),
    of(kind, { units: 7, returnSequences: true }, [2, 6, 5]),
    of(kind, { units: 3, returnSequences: true, goBackwards: true }, [2, 4, 3]),
    of(kind, { units: 5, useBias: false, activation: 'relu' }, [2, 3, 4]),
    of(kind, { units: 6, returnState: true, returnSequences: true }, [2, 5, 3]),
    of(kind, { units: 4 }, [4, 5, 3], { masked: true }),
    of(kind, { units: 5, returnSequences: true }, [3, 4, 2], { masked: true }),
    of(kind, { units: 13, activation: 'softsign' }, [3, 2, 5]),
    around(kind, { mergeMode: 'concat' }, {}),
    around(kind, { mergeMode: 'sum' }, { returnSequences: true }),
  ]),
  of('lstm', { units: 4, unitForgetBias: false }, [2, 9, 3]),
  of('lstm', { units: 4, recurrentActivation: 'tanh' }, [2, 3, 3]),
  around('lstm', { mergeMode: 'mul' }, { returnSequences: true }),
  around('gru', { mergeMode: 'ave' }, {}),
  around('simpleRNN', { mergeMode: 'concat' }, { returnSequences: true }),
  around(
    'simpleRNN',
    { mergeMode: 'concat' },
    { returnSequences: true, goBackwards: true },
    { masked: true },
  ),
  around('lstm', { mergeMode: 'sum' }, { goBackwards: true }),
];
