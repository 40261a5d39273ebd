// Ten thousand damaged files: each one is read, or refused with a FormatError, in little time.
import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { filesInMemory } from '../src/convert/files.ts';
import { readModel } from '../src/convert/formats.ts';
import { writeZip, zipFiles } from '../src/convert/zip.ts';
import { FormatError } from '../src/node.ts';
import { suite } from './harness.ts';

const test = suite('hostile files');

const EACH = 2500;
/** Milliseconds that one file may take, on a busy machine. */
const LONGEST = 3000;

const fixture = (name: string) =>
  new Uint8Array(readFileSync(new URL(`fixtures/keras/${name}`, import.meta.url)));
const join = (pieces: readonly Uint8Array[]) => Uint8Array.from(Buffer.concat(pieces));

/** The same numbers in each run. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Cut off, bits turned, bytes and whole addresses overwritten. */
function damaged(file: Uint8Array, random: (below: number) => number): Uint8Array {
  const kind = random(12);
  const bytes = kind === 0 ? file.slice(0, random(file.length)) : file.slice();
  for (let left = kind === 0 ? random(2) : 1 + random(6); left > 0; left--) {
    const at = random(Math.max(1, bytes.length));
    const value = [0, 255, random(256), bytes[at]! ^ (1 << random(8))][random(4)]!;
    bytes.fill(value, at, at + (random(3) === 0 ? 1 + random(8) : 1));
  }
  return bytes;
}

async function readAll(name: string, bytes: Uint8Array): Promise<void> {
  const model = await readModel(filesInMemory(new Map([[name, bytes]])));
  for (const tensor of [...model.weights.values(), model.optimizerWeights ?? []].flat()) await tensor.read();
}

type Next = (random: (below: number) => number) => Uint8Array;

async function itself(name: string): Promise<Next> {
  const file = fixture(name);
  return (random) => damaged(file, random);
}

/** An archive like another, with one file damaged under a checksum that is right. */
async function within(archive: string, member: string): Promise<Next> {
  const files = await zipFiles(filesInMemory(new Map([[archive, fixture(archive)]])), archive);
  const parts = await Promise.all(
    (await files.list())!.map(async (name) => [name, await files.read(name)] as const),
  );
  return (random) =>
    join(
      writeZip(
        new Map(parts.map(([name, bytes]) => [name, [name === member ? damaged(bytes, random) : bytes]])),
      ),
    );
}

const cases: Record<string, () => Promise<Next>> = {
  'small.h5': () => itself('small.h5'),
  'small-1.8.h5': () => itself('small-1.8.h5'),
  'deflated.keras': () => itself('deflated.keras'),
  'numpy.keras': () => within('numpy.keras', 'model.weights.npz'),
};

for (const [name, make] of Object.entries(cases))
  test(`${EACH} times ${name}`, { timeout: 240_000 }, async () => {
    const random = randomOf(name.length);
    const next = await make();
    let [read, refused, longest] = [0, 0, 0];
    for (let index = 0; index < EACH; index++) {
      const bytes = next(random);
      const start = performance.now();
      try {
        await readAll(name, bytes);
        read++;
      } catch (error) {
        assert.instance(error, FormatError, `file ${index}: ${(error as Error).stack}`);
        assert.ok((error as Error).message.startsWith(name), `file ${index}: ${(error as Error).message}`);
        refused++;
      }
      longest = Math.max(longest, performance.now() - start);
    }
    assert.ok(refused > EACH / 10 && read + refused === EACH, `${read} read, ${refused} refused`);
    assert.ok(longest < LONGEST, `one took ${longest} ms`);
  });
