/** Mixed precision by policy: one line more than float32. Run: npx tsx examples/policy.ts */
import * as ht from '../src/node.ts';

const engine = await ht.open({ seed: 1 });

// A teacher to learn from: 512 samples of 64 features, 10 targets.
const xTrain = ht.randomNormal([512, 64]);
const yTrain = ht.tanh(ht.matMul(xTrain, ht.randomNormal([64, 10], 0, 0.2)));

ht.mixedPrecision.setGlobalPolicy('mixed_float16');
const model = ht.sequential([
  ht.layers.dense({ units: 128, activation: 'relu' }),
  ht.layers.dense({ units: 10 }),
]);
model.compile({ optimizer: ht.optimizers.adam({ learningRate: 0.001 }), loss: 'meanSquaredError' });
const { history } = await model.fit(xTrain, yTrain, { epochs: 10 });

model.summary();
console.log(
  `loss ${history.loss![0]!.toFixed(4)} -> ${history.loss!.at(-1)!.toFixed(4)}, scale ${history.lossScale!.at(-1)}`,
);
engine.close();
