// A small trained model as TensorFlow.js writes it, in memory, for tests to change.
import * as assert from 'uvu/assert';
import { filesInMemory, type ModelFiles } from '../src/convert/files.ts';
import { FormatError } from '../src/node.ts';

export type Json = { [key: string]: Json } | Json[] | string | number | boolean | null;
type Layer = { class_name: string; config: { [key: string]: Json }; [more: string]: Json };

export interface SmallModel {
  modelTopology: { model_config: { class_name: string; config: { layers: Layer[]; [more: string]: Json } } };
  weightsManifest: { paths: string[]; weights: { [key: string]: Json }[] }[];
  [more: string]: Json | object;
}

/** (4) to (3) by two dense layers, named `a` and `b`, over two files, the second kernel across both. */
export function smallModel(): { json: SmallModel; shards: Map<string, Uint8Array>; values: Float32Array } {
  const dense = (name: string, units: number, from: string): Layer => ({
    class_name: 'Dense',
    config: { name, trainable: true, dtype: 'float32', units, activation: 'relu', use_bias: true },
    name,
    inbound_nodes: [[[from, 0, 0, {}]]],
  });
  const input = { batch_input_shape: [null, 4], dtype: 'float32', sparse: false, name: 'x' };
  const json: SmallModel = {
    modelTopology: {
      model_config: {
        class_name: 'Functional',
        config: {
          name: 'small',
          layers: [
            { class_name: 'InputLayer', config: input, name: 'x', inbound_nodes: [] },
            dense('a', 5, 'x'),
            dense('b', 3, 'a'),
          ],
          input_layers: [['x', 0, 0]],
          output_layers: [['b', 0, 0]],
        },
      },
    },
    weightsManifest: [
      {
        paths: ['one.bin', 'parts/two.bin'],
        weights: [
          { name: 'a/kernel', shape: [4, 5], dtype: 'float32' },
          { name: 'a/bias', shape: [5], dtype: 'float32' },
          { name: 'b/kernel', shape: [5, 3], dtype: 'float32' },
          { name: 'b/bias', shape: [3], dtype: 'float32' },
        ],
      },
    ],
  };
  const values = Float32Array.from({ length: 43 }, (_, i) => ((i * 37) % 17) / 8 - 0.75);
  const bytes = new Uint8Array(values.buffer);
  const shards = new Map([
    ['one.bin', bytes.slice(0, 123)],
    ['parts/two.bin', bytes.slice(123)],
  ]);
  return { json, shards, values };
}

export function filesOf(
  json: object | string | Uint8Array,
  shards: ReadonlyMap<string, Uint8Array>,
): ModelFiles {
  const text = typeof json === 'string' || json instanceof Uint8Array ? json : JSON.stringify(json);
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  return filesInMemory(new Map([['model.json', bytes], ...shards]), 'small');
}

/** What the small model gives for one sample. */
export function smallReference(values: Float32Array, sample: readonly number[]): number[] {
  const layer = (x: readonly number[], from: number, units: number) =>
    Array.from({ length: units }, (_, unit) => {
      const sum = x.reduce((total, value, i) => total + value * values[from + i * units + unit]!, 0);
      return Math.max(0, sum + values[from + x.length * units + unit]!);
    });
  return layer(layer(sample, 0, 5), 25, 3);
}

/** Throws unless `load` throws a `FormatError` of this message. */
export async function assertRefused(load: () => Promise<unknown>, message: RegExp): Promise<void> {
  try {
    await load();
  } catch (error) {
    assert.instance(error, FormatError);
    assert.match((error as Error).message, message);
    return;
  }
  assert.unreachable(`not refused: ${message}`);
}
