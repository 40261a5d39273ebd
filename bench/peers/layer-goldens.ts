// Writes test/layers/goldens.json, the results of TensorFlow.js. npm ci --prefix bench/peers, then npx tsx bench/peers/layer-goldens.ts.
import { writeFileSync } from 'node:fs';
import { GOLDEN_CASES, type Golden, goldenName } from '../../test/layers/golden-cases.ts';
import { goldenOf } from './tfjs-layers.ts';

const goldens: Golden[] = [];
let failures = 0;
for (const row of GOLDEN_CASES) {
  try {
    goldens.push(goldenOf(row));
  } catch (error) {
    failures++;
    console.error(`${goldenName(row)}: ${(error as Error).message}`);
  }
}
const path = new URL('../../test/layers/goldens.json', import.meta.url);
if (failures === 0) writeFileSync(path, `[\n${goldens.map((row) => JSON.stringify(row)).join(',\n')}\n]\n`);
console.log(`${goldens.length} cases, ${failures} failed`);
process.exitCode = failures > 0 ? 1 : 0;
