/** Manual loss scaling: the loss is multiplied before the gradient, the gradients are divided after. Run: npx tsx examples/loss-scaling.ts */
import * as ht from '../src/node.ts';

const engine = await ht.open({ policy: 'mixed_float16', seed: 1 });
const images = ht.randomNormal([64, 64]);
const labels = ht.tanh(ht.matMul(images, ht.randomNormal([64, 10], 0, 0.2)));

const model = ht.sequential([
  ht.layers.dense({ units: 128, activation: 'relu', inputShape: [64] }),
  ht.layers.dense({ units: 10 }),
]);
const optimizer = ht.optimizers.adam({ learningRate: 0.001 });

const lossScale = 1024;
const trainStep = ht.jit((images, labels) => {
  const tape = new ht.GradientTape();
  const loss = tape.record(() => ht.mul(ht.losses.meanSquaredError(labels, model.apply(images)), lossScale));
  const gradients = tape.gradient(loss, model.trainableVariables).map((g) => ht.div(g, lossScale));
  optimizer.applyGradients(ht.zip(gradients, model.trainableVariables));
  return loss;
});

const losses: number[] = [];
for (let step = 0; step < 100; step++) {
  const loss = trainStep(images, labels);
  losses.push((await loss.data())[0]! / lossScale);
  loss.dispose();
}
console.log(
  `loss ${losses[0]!.toFixed(4)} -> ${losses.at(-1)!.toFixed(4)} after ${await optimizer.iterations()} steps`,
);
engine.close();
