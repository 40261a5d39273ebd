// Reference: a number in another dtype, as far as WGSL defines it.
import type { DType } from '../../src/values/dtype.ts';
import { nearestHalf } from './half.ts';

export function castValue(value: number, dtype: DType): number {
  switch (dtype) {
    case 'float32':
      return Math.fround(value);
    case 'float16':
      return nearestHalf(value);
    case 'bool':
      return value === 0 ? 0 : 1;
    case 'int32':
      return Math.trunc(value) | 0;
    case 'uint32':
      return Math.trunc(value) >>> 0;
  }
}
