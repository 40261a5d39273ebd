/** Inputs of models from configurations: their shapes without the batch, and dtypes. */
import type { InputOptions } from '../../nn/layers/input.ts';
import type { Place } from '../json.ts';

/** Throws `FormatError`. */
export function inputFrom(place: Place, name: string): InputOptions {
  const config = place.at('config');
  const key = ['batch_input_shape', 'batch_shape'].find((key) => config.at(key).value !== undefined);
  const shape = key === undefined ? config.at('shape') : config.at(key);
  const sizes = shape.items().map((size) => (size.value === null ? null : size.count));
  const { ragged, sparse } = config.record;
  if (ragged === true || sparse === true)
    config.fail(`${ragged ? 'ragged' : 'sparse'} inputs are not supported`);
  return { name, shape: key === undefined ? sizes : sizes.slice(1), dtype: dtypeFrom(config.at('dtype')) };
}

function dtypeFrom(at: Place): NonNullable<InputOptions['dtype']> {
  const { value } = at;
  const name = typeof value === 'object' && value !== null ? at.at('config').at('name').value : value;
  if (name === undefined || name === null || name === 'float32' || name === 'float64') return 'float32';
  // Models on half inputs are given float32 as well, and cast.
  if (name === 'float16' || name === 'mixed_float16') return name === 'float16' ? 'float16' : 'float32';
  if (typeof name === 'string' && /^(u?int(8|16|32|64)|bool)$/.test(name)) return 'int32';
  return at.refuse("'float32', 'float16' or whole numbers");
}
