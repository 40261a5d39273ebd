/** What a layer of TensorFlow.js gives on its CPU backend: the result, and inputs and weights after a step of gradient descent. */
import type { GoldenCase } from '../../test/layers/golden-case.ts';
import { type Golden, goldenDraws, goldenName, RATE } from '../../test/layers/golden-cases.ts';
import { load } from './packages.ts';

interface PeerTensor {
  readonly shape: number[];
  dataSync(): ArrayLike<number>;
}
interface PeerVariable extends PeerTensor {
  readonly name: string;
  readonly trainable: boolean;
}
interface PeerLayer {
  readonly weights: { readonly shape: number[]; read(): PeerTensor }[];
  apply(input: unknown, options?: object): unknown;
  setWeights(weights: PeerTensor[]): void;
}
type Gradients = Record<string, PeerTensor>;
interface PeerCore {
  setBackend(name: string): Promise<boolean>;
  ready(): Promise<void>;
  tensor(values: readonly number[], shape: readonly number[]): PeerTensor;
  variable(value: PeerTensor, trainable: boolean): PeerVariable;
  variableGrads(fn: () => PeerTensor, variables: PeerVariable[]): { grads: Gradients };
  addN(tensors: PeerTensor[]): PeerTensor;
  losses: { meanSquaredError(labels: PeerTensor, predictions: PeerTensor): PeerTensor };
}
interface PeerLayers {
  readonly layers: Record<string, (config: object) => PeerLayer>;
  input(config: object): unknown;
  model(config: object): PeerLayer;
}

const tf = load<PeerCore>('@tensorflow/tfjs-core');
const { layers, input, model } = load<PeerLayers>('@tensorflow/tfjs-layers');
load('@tensorflow/tfjs-backend-cpu');
await tf.setBackend('cpu');
await tf.ready();

const listed = <T>(value: T | T[]): T[] => (Array.isArray(value) ? value : [value]);
const round = (value: number) => Number(value.toPrecision(7));
const rounded = (tensor: PeerTensor) => Array.from(tensor.dataSync(), round);

/** TensorFlow.js writes into the options that it is given, and cannot draw orthogonal matrices by these packages alone. */
function own(layer: string, config: object | undefined): object {
  const copy = structuredClone(config);
  const recurrent = ['simpleRNN', 'lstm', 'gru'].includes(layer);
  return { ...copy, ...(recurrent && { recurrentInitializer: 'zeros' }) };
}

function made({ layer, config, peer, inner }: GoldenCase): PeerLayer {
  const within = inner && { layer: layers[inner.layer]!(own(inner.layer, inner.config)) };
  return layers[layer]!({ ...own(layer, peer ?? config), ...within });
}

export function goldenOf(row: GoldenCase): Golden {
  const { inputs, draw } = goldenDraws(row);
  const layer = made(row);
  const symbolic = row.inputs.map((shape) => input({ shape: shape.slice(1) }));
  const masked = row.masked ? symbolic.map((x) => layers.masking!({}).apply(x)) : symbolic;
  const outputs = layer.apply(masked.length > 1 ? masked : masked[0]);
  const whole = model({ inputs: symbolic, outputs });
  layer.setWeights(layer.weights.map(({ shape }) => tf.tensor(draw(shape), shape)));
  const xs = row.inputs.map((shape, i) => tf.variable(tf.tensor(inputs[i]!, shape), true));
  const forward = () =>
    listed(whole.apply(xs.length > 1 ? xs : xs[0], { training: row.training ?? false }) as PeerTensor);
  const name = goldenName(row);
  if (row.forwardOnly) return { name, y: forward().flatMap(rounded) };
  let y: number[] = [];
  // Once: in training a forward pass moves statistics.
  const loss = () => {
    const results = forward();
    y = results.flatMap(rounded);
    const targets = results.map(({ shape }) => tf.tensor(draw(shape), shape));
    return tf.addN(results.map((result, i) => tf.losses.meanSquaredError(targets[i]!, result)));
  };
  // The variables inside weights are what gradients are taken by.
  const weights = layer.weights.map((weight) => (weight as unknown as { val: PeerVariable }).val);
  const slopes = row.ids === undefined && !row.masked;
  const sources = [...(slopes ? xs : []), ...weights.filter(({ trainable }) => trainable)];
  const { grads } = sources.length > 0 ? tf.variableGrads(loss, sources) : { grads: {} as Gradients };
  const stepped = [...xs, ...weights].map((variable) => {
    const gradient = grads[variable.name];
    if (gradient) {
      const slope = gradient.dataSync();
      return Array.from(variable.dataSync(), (value, i) => round(value - RATE * slope[i]!));
    }
    // Keras's moving variance is that of the batch; the one of TensorFlow.js estimates that of all samples.
    const moved = row.training && /moving_mean/.test(variable.name);
    return moved ? rounded(variable) : null;
  });
  if (sources.length === 0) loss();
  return { name, y, stepped };
}
