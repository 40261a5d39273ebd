/** Arrays of HDF5 as tensors of a stored model. */
import { checkGrowth } from '../bytes/inflate.ts';
import { bytesOf } from '../bytes/numbers.ts';
import type { Hdf5Dataset } from '../hdf5/file.ts';
import type { StoredTensor } from '../stored-model.ts';

export function storedTensor(name: string, dataset: Hdf5Dataset): StoredTensor {
  const { shape, dtype } = dataset;
  return { name, shape, dtype, read: () => dataset.read() };
}

/** Throws `FormatError` where all arrays together are more than a file of `size` bytes has: some would lie on others. */
export function checkTotal(where: string, tensors: readonly StoredTensor[], size: number): void {
  let total = 0;
  for (const { shape, dtype } of tensors)
    total += shape.reduce((product, count) => product * count, bytesOf(dtype) ?? 0);
  checkGrowth(where, total, size);
}
