/** How Keras's configurations spell what layers call otherwise, and which of their keys say nothing new. */

/** `kernel_size` for `kernelSize`. */
export function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** `kernelSize` for `kernel_size`. */
export function camel(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** Classes by other names that Keras has or had for them. */
export const ALIASES: Readonly<Record<string, string>> = {
  ...{ AvgPool1D: 'AveragePooling1D', AvgPool2D: 'AveragePooling2D' },
  ...{ BatchNormalizationV1: 'BatchNormalization', BatchNormalizationV2: 'BatchNormalization' },
  ...{ SyncBatchNormalization: 'BatchNormalization' },
  ...{ Convolution1D: 'Conv1D', Convolution2D: 'Conv2D', Convolution2DTranspose: 'Conv2DTranspose' },
  ...{ Convolution1DTranspose: 'Conv1DTranspose', DepthwiseConvolution1D: 'DepthwiseConv1D' },
  ...{ DepthwiseConvolution2D: 'DepthwiseConv2D' },
  ...{ GlobalAvgPool1D: 'GlobalAveragePooling1D', GlobalAvgPool2D: 'GlobalAveragePooling2D' },
  ...{ GlobalMaxPool1D: 'GlobalMaxPooling1D', GlobalMaxPool2D: 'GlobalMaxPooling2D' },
  ...{ GRUV2: 'GRU', LSTMV2: 'LSTM', LayerNormalizationV1: 'LayerNormalization' },
  ...{ MaxPool1D: 'MaxPooling1D', MaxPool2D: 'MaxPooling2D', MaxPool3D: 'MaxPooling3D' },
  ...{ AvgPool3D: 'AveragePooling3D', Convolution3D: 'Conv3D', Convolution3DTranspose: 'Conv3DTranspose' },
  ...{ GlobalAvgPool3D: 'GlobalAveragePooling3D', GlobalMaxPool3D: 'GlobalMaxPooling3D' },
  ...{ SeparableConvolution1D: 'SeparableConv1D', SeparableConvolution2D: 'SeparableConv2D' },
};

/** Options that Keras does not call by the snake case of their names; `Class.key` for one class alone. */
const RENAMED: Readonly<Record<string, string>> = {
  keepDims: 'keepdims',
  'LeakyReLU.alpha': 'negative_slope',
  'MultiHeadAttention.outputDim': 'output_shape',
  'L1L2.l1': 'l1',
  'L1L2.l2': 'l2',
};

const READ = new Map(
  Object.entries(RENAMED).map(([own, key]) => [placeOf(own, key), own.split('.').at(-1)!]),
);

function placeOf(own: string, key: string): string {
  return own.includes('.') ? `${own.split('.')[0]}.${key}` : key;
}

/** The option that a key of a configuration means. */
export function optionOf(className: string, key: string): string {
  return READ.get(`${className}.${key}`) ?? READ.get(key) ?? camel(key);
}

/** The key under which a configuration has an option. */
export function keyOf(className: string, option: string): string {
  return RENAMED[`${className}.${option}`] ?? RENAMED[option] ?? snake(option);
}

const any = () => true;
const only =
  (...values: readonly unknown[]) =>
  (value: unknown) =>
    values.includes(value);

/**
 * Keys of layers that no option of ours answers to, with the values that change nothing here. Null never does. Random numbers come from the
 * engine's seed, so those of files are left out.
 */
export const SILENT: Readonly<Record<string, (value: unknown) => boolean>> = {
  ...{ seed: any, implementation: any, unroll: any, use_cudnn: any, use_legacy_config: any, fused: any },
  ...{ force_generator: any, input_dtype: any, sparse: only(false), ragged: only(false) },
  ...{ batch_input_shape: any, batch_shape: any, input_shape: any, build_input_shape: any, optional: any },
  ...{ data_format: only('channels_last'), dim_ordering: only('tf'), time_major: only(false) },
  ...{ zero_output_for_mask: only(false), renorm: only(false), autocast: only(true), quantized: only(false) },
  ...{ flash_attention: any, query_shape: any, key_shape: any, value_shape: any, registered_name: any },
  ...{ shared_object_id: any, synchronized: only(false), virtual_batch_size: any, renorm_momentum: any },
  ...{ return_attention_scores: only(false), lora_rank: only(), lora_alpha: any, use_fused: any },
};
