/** Manual casts and nested tapes: float16 inside, float32 gradients to the optimizer. Run: npx tsx examples/nested-tapes.ts */
import * as ht from '../src/node.ts';

const engine = await ht.open({ policy: 'mixed_float16', seed: 1 });
const images = ht.randomNormal([64, 64]);
const labels = ht.tanh(ht.matMul(images, ht.randomNormal([64, 10], 0, 0.2)));

const model = ht.sequential([
  ht.layers.dense({ units: 128, activation: 'relu', inputShape: [64] }),
  ht.layers.dense({ units: 10 }),
]);
const optimizer = ht.optimizers.adam({ learningRate: 0.001 });

const trainStep = ht.jit((images, labels) => {
  const outer = new ht.GradientTape();
  return outer.record(() => {
    const x = ht.cast(images, 'float16');
    const inner = new ht.GradientTape();
    const loss = inner.record(() => ht.losses.meanSquaredError(ht.cast(labels, 'float16'), model.apply(x)));
    const gradients = inner.gradient(loss, model.trainableVariables).map((g) => ht.cast(g, 'float32'));
    optimizer.applyGradients(ht.zip(gradients, model.trainableVariables));
    return loss;
  });
});

const losses: number[] = [];
for (let step = 0; step < 100; step++) {
  const loss = trainStep(images, labels);
  losses.push((await loss.data())[0]!);
  loss.dispose();
}
console.log(
  `loss ${losses[0]!.toFixed(4)} -> ${losses.at(-1)!.toFixed(4)} after ${await optimizer.iterations()} steps`,
);
engine.close();
