// Logs in files: CSV as Keras writes it, and event files, read back by a decoder of their own.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { crc32c } from '../src/convert/bytes/crc32c.ts';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';

const test = suite('logs in files');
let engine: ht.Engine;
let folder = '';
test.before(async () => {
  engine = await ht.open({ seed: 2 });
  folder = mkdtempSync(join(tmpdir(), 'halftape-logs-'));
});
test.after(() => {
  engine.close();
  rmSync(folder, { recursive: true, force: true });
});

async function train(callbacks: ht.Callback[], epochs = 3) {
  const model = ht.sequential([ht.layers.dense({ units: 1, inputShape: [2] })]);
  model.compile({ optimizer: 'sgd', loss: 'mse' });
  const x = ht.randomNormal([8, 2]);
  const y = ht.zeros([8, 1]);
  const { history } = await model.fit(x, y, { epochs, callbacks, validationData: [x, y], verbose: 0 });
  return history;
}

test('csv: a header, a line an epoch, appended or begun anew', async () => {
  const path = join(folder, 'log.csv');
  const rows = () =>
    readFileSync(path, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/[,;]/));
  const history = await train([ht.callbacks.csvLogger(path)]);
  const [head, ...lines] = rows();
  assert.equal(head, ['epoch', 'loss', 'val_loss']);
  assert.equal(
    lines.map(([epoch, loss, validation]) => [Number(epoch), Number(loss), Number(validation)]),
    history.loss!.map((loss, epoch) => [epoch, loss, history.val_loss![epoch]]),
  );
  await train([ht.callbacks.csvLogger(path, { append: true })], 2);
  assert.equal(
    rows().map(([epoch]) => epoch),
    ['epoch', '0', '1', '2', '0', '1'],
  );
  await train([ht.callbacks.csvLogger(path, { separator: ';' })], 1);
  assert.equal(rows()[0], ['epoch', 'loss', 'val_loss']);
  assert.is(rows().length, 2);
});

/** CRC-32C bit by bit. */
function slowCrc(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

function masked(bytes: Uint8Array): number {
  const crc = slowCrc(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** Fields of a protocol buffer, by number. */
function fields(bytes: Buffer): Map<number, (number | Buffer)[]> {
  const found = new Map<number, (number | Buffer)[]>();
  let at = 0;
  const varint = () => {
    let [value, factor] = [0, 1];
    for (;;) {
      const byte = bytes[at++]!;
      value += (byte & 127) * factor;
      factor *= 128;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.byteLength) {
    const key = varint();
    const [number, wire] = [key >>> 3, key & 7];
    let value: number | Buffer;
    if (wire === 0) value = varint();
    else if (wire === 1 || wire === 5) {
      value = wire === 1 ? bytes.readDoubleLE(at) : bytes.readFloatLE(at);
      at += wire === 1 ? 8 : 4;
    } else {
      const length = varint();
      value = bytes.subarray(at, at + length);
      at += length;
    }
    found.set(number, [...(found.get(number) ?? []), value]);
  }
  return found;
}

/** The records of an event file; their sums must hold. */
function events(path: string): Map<number, (number | Buffer)[]>[] {
  const bytes = readFileSync(path);
  const found: Map<number, (number | Buffer)[]>[] = [];
  for (let at = 0; at < bytes.byteLength; ) {
    const length = Number(bytes.readBigUInt64LE(at));
    assert.is(bytes.readUInt32LE(at + 8), masked(bytes.subarray(at, at + 8)));
    const data = bytes.subarray(at + 12, at + 12 + length);
    assert.is(bytes.readUInt32LE(at + 12 + length), masked(data));
    found.push(fields(data));
    at += 16 + length;
  }
  return found;
}

test('event files: framed as TFRecord, with the tags and values of every epoch', async () => {
  assert.is(crc32c(Buffer.from('123456789')), 0xe3069283, 'the check value of CRC-32C');
  const logs = join(folder, 'board');
  const history = await train([ht.callbacks.tensorBoard(logs)]);
  for (const [part, values] of [
    ['train', history.loss!],
    ['validation', history.val_loss!],
  ] as const) {
    const [file, ...others] = readdirSync(join(logs, part));
    assert.is(others.length, 0);
    assert.match(file!, /^events\.out\.tfevents\.\d+\./);
    const [first, ...rest] = events(join(logs, part, file!));
    assert.is(String(first!.get(3)![0]), 'brain.Event:2');
    assert.is(rest.length, 3);
    for (const [epoch, event] of rest.entries()) {
      const now = event.get(1)![0] as number;
      assert.ok(Math.abs(now - Date.now() / 1000) < 600);
      assert.equal(event.get(2) ?? [0], [epoch]);
      const [value] = fields(event.get(5)![0] as Buffer)
        .get(1)!
        .map((one) => fields(one as Buffer));
      assert.equal(
        [String(value!.get(1)![0]), value!.get(2)![0]],
        ['epoch_loss', Math.fround(values[epoch]!)],
      );
    }
  }
});

test('what they refuse', () => {
  assert.throws(() => ht.callbacks.csvLogger(''), /^csvLogger: path ''; use the path of a file$/);
  assert.throws(
    () => ht.callbacks.tensorBoard(3 as never),
    /^tensorBoard: path 3; use the path of a folder$/,
  );
  assert.throws(() => ht.callbacks.csvLogger('x', { sep: ';' } as never), /^csvLogger: unknown option 'sep'/);
});
