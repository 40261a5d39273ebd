/** Why losses are scaled: fifteen sigmoids make a gradient that float16 rounds to zero. Run: npx tsx examples/underflow.ts */
import * as ht from '../src/node.ts';

const engine = await ht.open({ policy: 'mixed_float16' });
const one = { values: [1], shape: [1, 1] };

for (const autoScaleLoss of [false, true]) {
  const model = ht.sequential(
    Array.from({ length: 15 }, () =>
      ht.layers.dense({ units: 1, activation: 'sigmoid', useBias: false, kernelInitializer: 'ones' }),
    ),
  );
  model.compile({ optimizer: ht.optimizers.sgd({ learningRate: 1e9 }), loss: 'mse', autoScaleLoss });
  await model.fit(one, one, { epochs: 1, verbose: 0 });
  const [[kernel]] = (await model.weights[0]!.array()) as [[number]];
  console.log(`${autoScaleLoss ? 'scaled by 2^15' : 'unscaled'}: the first kernel is ${kernel}`);
}
engine.close();
