/** The weights of TensorFlow.js models: a manifest of groups, each concatenated over its files, some tensors quantised. */
import { fromHalves } from '../../values/half.ts';
import { type Shape, sizeOf } from '../../values/shape.ts';
import { checkPath, type ModelFiles } from '../files.ts';
import type { Json, Place } from '../json.ts';
import type { StoredTensor } from '../stored-model.ts';

export interface ManifestTensor extends StoredTensor {
  /** `optimizer` for what training keeps. */
  readonly group: string | undefined;
  /** Its entry in the manifest, and its bytes as they are stored. */
  readonly entry: Json;
  /** As it lies in the file: 'uint8' where it is quantised. */
  readonly stored: string;
  readonly byteLength: number;
  bytes(): Promise<Uint8Array>;
}

const BYTES = { float32: 4, int32: 4, bool: 1, uint8: 1, uint16: 2, float16: 2 } as const;
type Stored = keyof typeof BYTES;

interface Quantisation {
  readonly dtype: 'uint8' | 'uint16' | 'float16';
  readonly scale: number;
  readonly min: number;
}

/** A file of a group, and where in the group it lies. */
interface Shard {
  readonly path: string;
  readonly from: number;
  readonly to: number;
}

/** All tensors in the manifest's order. Throws `FormatError` where files are not as long as the tensors in them. */
export async function tensorsIn(manifest: Place, files: ModelFiles): Promise<readonly ManifestTensor[]> {
  const groups = await Promise.all(manifest.items().map((group) => groupIn(group, files)));
  return groups.flat();
}

async function groupIn(group: Place, files: ModelFiles): Promise<readonly ManifestTensor[]> {
  const paths = group
    .at('paths')
    .items()
    .map((path) => checkPath(path.where, path.value));
  const sizes = await Promise.all(paths.map((path) => files.size(path)));
  const shards: Shard[] = [];
  let end = 0;
  for (const [index, path] of paths.entries()) {
    const size = sizes[index];
    if (size === undefined) group.at('paths').at(index).fail(`no file '${path}' beside it`);
    shards.push({ path, from: end, to: end + size! });
    end += size!;
  }
  let at = 0;
  const tensors = group
    .at('weights')
    .items()
    .map((place) => {
      const spec = specFrom(place);
      const from = at;
      at += sizeOf(spec.shape) * BYTES[spec.stored];
      if (at > end) place.fail(`'${spec.name}' ends at byte ${at} of its group, whose files have ${end}`);
      const range = { from, to: at };
      const bytes = () => bytesIn(files, shards, range);
      return {
        ...spec,
        entry: place.record,
        byteLength: at - from,
        bytes,
        read: async () => valuesOf(spec, await bytes()),
      };
    });
  if (at !== end) group.fail(`its files have ${end} bytes, its weights ${at}`);
  return tensors;
}

interface Spec {
  readonly name: string;
  readonly shape: Shape;
  readonly dtype: 'float32' | 'int32' | 'bool';
  readonly stored: Stored;
  readonly quantisation: Quantisation | undefined;
  readonly group: string | undefined;
}

const MOST_ELEMENTS = 2 ** 32;

function specFrom(place: Place): Spec {
  const dtype = place.at('dtype').value;
  if (dtype !== 'float32' && dtype !== 'int32' && dtype !== 'bool')
    return place.at('dtype').refuse("'float32', 'int32' or 'bool'");
  const shape = place
    .at('shape')
    .items()
    .map((size) => size.count);
  if (!(sizeOf(shape) < MOST_ELEMENTS)) place.at('shape').fail(`[${shape}] has 2^32 elements or more`);
  const quantisation = quantisationFrom(place.at('quantization'));
  const group = place.at('group').value;
  return {
    ...{ name: place.at('name').string, shape, dtype, stored: quantisation?.dtype ?? dtype, quantisation },
    group: typeof group === 'string' ? group : undefined,
  };
}

function quantisationFrom(place: Place): Quantisation | undefined {
  if (place.value === undefined || place.value === null) return undefined;
  const { dtype, scale = 1, min = 0 } = place.record;
  if (dtype !== 'uint8' && dtype !== 'uint16' && dtype !== 'float16')
    return place.at('dtype').refuse("'uint8', 'uint16' or 'float16'");
  if (typeof scale !== 'number') return place.at('scale').refuse('a number');
  if (typeof min !== 'number') return place.at('min').refuse('a number');
  return { dtype, scale, min };
}

/** Bytes of a group, from as many files as they lie in. */
async function bytesIn(
  files: ModelFiles,
  shards: readonly Shard[],
  { from, to }: { readonly from: number; readonly to: number },
): Promise<Uint8Array> {
  const touched = shards.filter((shard) => shard.from < to && shard.to > from);
  const parts: Uint8Array[] = [];
  for (const shard of touched) {
    const range = { from: Math.max(from, shard.from) - shard.from, to: Math.min(to, shard.to) - shard.from };
    parts.push(await files.read(shard.path, range));
  }
  if (parts.length === 1) return parts[0]!;
  const joined = new Uint8Array(to - from);
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** x = q scale + min, as TensorFlow.js computes it; integers rounded. */
function valuesOf({ dtype, stored, quantisation }: Spec, bytes: Uint8Array): Float32Array | Int32Array {
  if (stored === 'float32') return elements(Float32Array, bytes);
  if (stored === 'int32') return elements(Int32Array, bytes);
  if (stored === 'bool') return Int32Array.from(bytes, (byte) => (byte ? 1 : 0));
  if (stored === 'float16') return fromHalves(elements(Uint16Array, bytes));
  const { scale, min } = quantisation!;
  const numbers = stored === 'uint8' ? bytes : elements(Uint16Array, bytes);
  const values = dtype === 'float32' ? new Float32Array(numbers.length) : new Int32Array(numbers.length);
  const rounded = dtype === 'float32' ? (x: number) => x : Math.round;
  // A loop: `from` with a function takes twenty times as long.
  for (let i = 0; i < values.length; i++) values[i] = rounded(numbers[i]! * scale + min);
  return values;
}

/** The bytes as elements: a view where they begin at a whole one, else a copy. */
function elements<T>(
  kind: {
    readonly BYTES_PER_ELEMENT: number;
    new (buffer: ArrayBufferLike, offset?: number, length?: number): T;
  },
  bytes: Uint8Array,
): T {
  const whole = bytes.byteOffset % kind.BYTES_PER_ELEMENT === 0 ? bytes : bytes.slice();
  return new kind(whole.buffer, whole.byteOffset, whole.byteLength / kind.BYTES_PER_ELEMENT);
}
