/** Times the dispatches of a program one by one: by a timestamp at both ends of a pass each, by the clock where there are none. */
import { BufferUsage, MapMode } from './constants.ts';
import { Profile } from './profile.ts';
import type { Program } from './program.ts';

/** Dispatches of one query set, which holds 4096 timestamps. */
const CHUNK = 2048;
const STAMP_BYTES = 8;

/** Runs the program's dispatches once, in order. `settle` waits for all submitted work. */
export async function profileProgram(
  device: GPUDevice,
  program: Program,
  settle: () => Promise<void>,
): Promise<Profile> {
  const timed = device.features.has('timestamp-query');
  const spans: [begin: number, end: number][] = [];
  await settle();
  const { length } = program.dispatches;
  if (timed) {
    for (let first = 0; first < length; first += CHUNK)
      spans.push(...(await stamped(device, program, first, Math.min(first + CHUNK, length), settle)));
  } else {
    for (let index = 0; index < length; index++) {
      const begin = performance.now() * 1e3;
      const encoder = device.createCommandEncoder({ label: 'profile' });
      const pass = encoder.beginComputePass();
      program.encodeOne(pass, index);
      pass.end();
      device.queue.submit([encoder.finish()]);
      await settle();
      spans.push([begin, performance.now() * 1e3]);
    }
  }
  const start = spans[0]?.[0] ?? 0;
  return new Profile(
    program.dispatches.map((info, index) => {
      const [begin, end] = spans[index]!;
      return { ...info, start: begin - start, micros: end - begin };
    }),
    timed ? 'timestamps' : 'clock',
  );
}

/** Begin and end of each dispatch, in microseconds. */
async function stamped(
  device: GPUDevice,
  program: Program,
  first: number,
  end: number,
  settle: () => Promise<void>,
): Promise<[number, number][]> {
  const count = 2 * (end - first);
  const querySet = device.createQuerySet({ label: 'profile', type: 'timestamp', count });
  const buffer = (usage: number) =>
    device.createBuffer({ label: 'profile', size: count * STAMP_BYTES, usage });
  const resolved = buffer(BufferUsage.QUERY_RESOLVE | BufferUsage.COPY_SRC);
  const read = buffer(BufferUsage.MAP_READ | BufferUsage.COPY_DST);
  try {
    const encoder = device.createCommandEncoder({ label: 'profile' });
    for (let index = first; index < end; index++) {
      const beginningOfPassWriteIndex = 2 * (index - first);
      const pass = encoder.beginComputePass({
        timestampWrites: {
          ...{ querySet, beginningOfPassWriteIndex },
          endOfPassWriteIndex: beginningOfPassWriteIndex + 1,
        },
      });
      program.encodeOne(pass, index);
      pass.end();
    }
    encoder.resolveQuerySet(querySet, 0, count, resolved, 0);
    encoder.copyBufferToBuffer(resolved, 0, read, 0, count * STAMP_BYTES);
    device.queue.submit([encoder.finish()]);
    await settle();
    await read.mapAsync(MapMode.READ);
    const stamps = new BigUint64Array(read.getMappedRange().slice(0));
    const origin = stamps[0]!;
    const micros = (index: number) => Number(stamps[index]! - origin) / 1e3 + Number(origin / 1000n);
    return Array.from({ length: end - first }, (_, i) => [micros(2 * i), micros(2 * i + 1)]);
  } finally {
    for (const made of [querySet, resolved, read]) made.destroy();
  }
}
