// Layers beside those of TensorFlow.js in cases drawn at random: npx tsx bench/peers/layer-random.ts [cases of each layer] [first seed] [layers].
import * as ht from '../../src/node.ts';
import { checkCase } from '../../test/layers/golden-check.ts';
import { RANDOM_LAYERS, randomCase } from '../../test/layers/golden-random.ts';
import { goldenOf } from './tfjs-layers.ts';

const [count = '20', first = '0', ...layers] = process.argv.slice(2);
const engine = await ht.open();
let failures = 0;
for (const layer of layers.length > 0 ? layers : RANDOM_LAYERS) {
  const before = failures;
  for (let seed = Number(first); seed < Number(first) + Number(count); seed++) {
    const row = randomCase(layer, seed);
    try {
      const golden = goldenOf(row);
      for (const policy of ['float32', 'mixed_float16'] as const)
        await checkCase(row, golden, policy, engine);
    } catch (error) {
      failures++;
      console.log(`${JSON.stringify(row)}\n  ${(error as Error).message}`);
    }
  }
  console.log(`${layer}: ${count} cases, ${failures - before} failed`);
}
engine.close();
process.exitCode = failures > 0 ? 1 : 0;
