// TensorFlow.js layers-models that are not as they should be: refused, with the place, in little time.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';
import { assertRefused, filesOf, type Json, smallModel } from './small-model.ts';

const test = suite('refused layers-models');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open({ seed: 2 });
});
test.after(() => engine.close());

type Small = ReturnType<typeof smallModel>;

/** What is changed, and what the message says of it. */
const BROKEN: readonly [message: RegExp, change: (small: Small) => unknown][] = [
  [
    /small: model\.json: weightsManifest\[0\]: its files have 173 bytes, its weights 172/,
    ({ shards }) => shards.set('one.bin', new Uint8Array(124)),
  ],
  [
    /weightsManifest\[0\]\.weights\[3\]: 'b\/bias' ends at byte 172 of its group, whose files have 171/,
    ({ shards }) => shards.set('one.bin', new Uint8Array(122)),
  ],
  [
    /weightsManifest\[0\]\.paths\[1\]: no file 'parts\/two\.bin'/,
    ({ shards }) => shards.delete('parts/two.bin'),
  ],
  [
    /weightsManifest\[0\]\.weights\[0\]\.shape: \[4000000000,5000000000\] has 2\^32 elements/,
    ({ json }) => {
      json.weightsManifest[0]!.weights[0]!.shape = [4e9, 5e9];
    },
  ],
  [
    /weights\[0\]\.shape\[1\]: -5; use a whole number/,
    ({ json }) => {
      json.weightsManifest[0]!.weights[0]!.shape = [4, -5];
    },
  ],
  [
    /weights\[1\]\.dtype: 'string'; use/,
    ({ json }) => {
      json.weightsManifest[0]!.weights[1]!.dtype = 'string';
    },
  ],
  [
    /weights\[1\]\.quantization\.scale: 'big'; use a number/,
    ({ json }) => {
      json.weightsManifest[0]!.weights[1]!.quantization = { dtype: 'uint8', scale: 'big' };
    },
  ],
  [
    /layer 'a': a\/kernel is \(4, 5\), the file's 'a\/kernel' \(5, 4\)/,
    ({ json }) => {
      json.weightsManifest[0]!.weights[0]!.shape = [5, 4];
    },
  ],
  [
    /with b\/bias \(3\) the configuration has more weights than the 40 in the file/,
    ({ json }) => {
      json.weightsManifest[0]!.weights[3]!.name = 'c/bias';
    },
  ],
  [
    /unknown classes of layers: 'Mystery' \(a\), 'Riddle' \(b\); register them with ht\.registerLayer/,
    ({ json }) => {
      layers(json)[1]!.class_name = 'Mystery';
      layers(json)[2]!.class_name = 'Riddle';
    },
  ],
  [
    /^small: config\.layers\[1\]\.config\.units: a: units 'many'; use a whole number/,
    ({ json }) => {
      layers(json)[1]!.config.units = 'many';
    },
  ],
  [
    /the configuration has more weights than the 43 in the file/,
    ({ json }) => {
      layers(json)[1]!.config.units = 1e9;
    },
  ],
  [
    /a\/kernel/,
    ({ json }) => {
      layers(json)[1]!.config.units = 1e15;
    },
  ],
  [
    /config\.layers\[1\]\.config\.dtype: policy: 'mixed_bfloat16' needs bfloat16/,
    ({ json }) => {
      layers(json)[1]!.config.dtype = 'mixed_bfloat16';
    },
  ],
  [
    /config\.layers\[1\]\.config\.dtype: policy: class 'QuantizedDTypePolicy'/,
    ({ json }) => {
      layers(json)[1]!.config.dtype = { class_name: 'QuantizedDTypePolicy', config: { mode: 'int8' } };
    },
  ],
  [
    /config\.layers\[1\]\.config\.activation: a: unknown activation 'wavy'/,
    ({ json }) => {
      layers(json)[1]!.config.activation = 'wavy';
    },
  ],
  [
    /config\.layers\[1\]\.config\.dream: dense: unknown option 'dream'/,
    ({ json }) => {
      layers(json)[1]!.config.dream = 7;
    },
  ],
  [
    /2 layers wait for each other's results in a circle, .*'a' or 'b'/,
    ({ json }) => {
      layers(json)[1]!.inbound_nodes = [[['b', 0, 0, {}]]];
    },
  ],
  [
    /config\.layers\[2\]\.inbound_nodes\[0\]\[0\]: no layer is called 'z'/,
    ({ json }) => {
      layers(json)[2]!.inbound_nodes = [[['z', 0, 0, {}]]];
    },
  ],
  [
    /call 3 of 'a', which has 1/,
    ({ json }) => {
      layers(json)[2]!.inbound_nodes = [[['a', 3, 0, {}]]];
    },
  ],
  [
    /result 1 of 'a', which gives 1/,
    ({ json }) => {
      layers(json)[2]!.inbound_nodes = [[['a', 0, 1, {}]]];
    },
  ],
  [
    /a second layer called 'a'/,
    ({ json }) => {
      layers(json)[2]!.name = 'a';
    },
  ],
  [
    /modelTopology\.class_name: undefined; use a string/,
    ({ json }) => {
      json.modelTopology = {} as never;
    },
  ],
];

function layers(json: Small['json']) {
  return json.modelTopology.model_config.config.layers;
}

test('what is wrong is named, with its place', async () => {
  for (const [message, change] of BROKEN) {
    const small = smallModel();
    change(small);
    await assertRefused(() => ht.loadModel(filesOf(small.json, small.shards)), message);
  }
  for (const path of ['../one.bin', '/etc/passwd', 'a/../../b', 'c:\\one.bin', 'http://x/one.bin', '', 7]) {
    const { json, shards } = smallModel();
    json.weightsManifest[0]!.paths[0] = path as string;
    await assertRefused(
      () => ht.loadModel(filesOf(json, shards)),
      /file name .*; use a relative one that stays/,
    );
  }
  await assertRefused(() => ht.loadModel(filesOf('{"modelTopology"', new Map())), /small is no JSON/);
  await assertRefused(
    () => ht.loadModel(filesOf('GIF89a', new Map())),
    /no model of a format that is known; looked for TensorFlow\.js/,
  );
  await assertRefused(
    () => ht.loadModel(filesOf(`{"modelTopology":${'['.repeat(1e5)}${']'.repeat(1e5)}}`, new Map())),
    /nested deeper/,
  );
  await assertRefused(() => ht.loadModel('test/nowhere'), /no such file or folder/);
});

test('layers on channels first, and other options of other meaning, are refused; keys that say nothing are not', async () => {
  const conv = (config: object) => ({
    ...smallModel().json,
    modelTopology: {
      class_name: 'Sequential',
      config: {
        name: 's',
        layers: [
          {
            class_name: 'Conv2D',
            config: {
              name: 'c',
              filters: 1,
              kernel_size: [1, 1],
              batch_input_shape: [null, 2, 2, 1],
              ...config,
            },
          },
        ],
      },
    },
    weightsManifest: [
      {
        paths: ['one.bin'],
        weights: ['kernel', 'bias'].map((name, i) => ({
          name: `c/${name}`,
          shape: i ? [1] : [1, 1, 1, 1],
          dtype: 'float32',
        })),
      },
    ],
  });
  const shards = new Map([['one.bin', new Uint8Array(8)]]);
  await assertRefused(
    () => ht.loadModel(filesOf(conv({ data_format: 'channels_first' }), shards)),
    /config\.layers\[0\]\.config\.data_format: data_format "channels_first" is not supported/,
  );
  const silent = {
    data_format: 'channels_last',
    seed: 4,
    lora_rank: null,
    quantization_config: null,
    ragged: false,
  };
  const model = await ht.loadModel(filesOf(conv(silent), shards));
  assert.equal(model.layers.length, 1);
  model.dispose();
});

test('models in models beyond all sense, and long chains, end in little time', async () => {
  const { json, shards } = smallModel();
  let inner: Json = { class_name: 'Dense', config: { name: 'd', units: 1 } };
  for (let depth = 0; depth < 80; depth++)
    inner = { class_name: 'Sequential', config: { name: `s${depth}`, layers: [inner] } };
  json.modelTopology.model_config = inner as never;
  await assertRefused(() => ht.loadModel(filesOf(json, shards)), /models in models more than 50 deep/);

  const long = smallModel();
  const chain = Array.from({ length: 20_000 }, (_, i) => ({
    ...{ class_name: 'Activation', name: `n${i}`, config: { name: `n${i}`, activation: 'relu' } },
    inbound_nodes: [[[i === 0 ? 'b' : `n${i - 1}`, 0, 0, {}]]],
  }));
  const { config } = long.json.modelTopology.model_config;
  config.layers.push(...(chain.reverse() as never[]));
  config.output_layers = [['n19999', 0, 0]];
  const model = await ht.loadModel(filesOf(long.json, long.shards));
  assert.equal(model.layers.length, 20_003);
  model.dispose();
});
