/** Other spellings of layers' names: `conv2D`, after Keras's `Conv2D`, for `conv2d`, and TensorFlow.js's own short forms. */

/** Short forms that TensorFlow.js has beside the whole names. */
const SHORT = {
  avgPool1d: 'averagePooling1d',
  avgPool2d: 'averagePooling2d',
  avgPool3d: 'averagePooling3d',
  avgPooling1d: 'averagePooling1d',
  avgPooling2d: 'averagePooling2d',
  avgPooling3d: 'averagePooling3d',
  globalMaxPool1d: 'globalMaxPooling1d',
  globalMaxPool2d: 'globalMaxPooling2d',
  globalMaxPool3d: 'globalMaxPooling3d',
  maxPool1d: 'maxPooling1d',
  maxPool2d: 'maxPooling2d',
  maxPool3d: 'maxPooling3d',
} as const;

type Short = typeof SHORT;
type Dimensions = '1d' | '1D' | '2d' | '2D' | '3d' | '3D';

/** The name with the other case of the letter after the digit; none for a name without one. */
type OtherCase<Name extends string> = {
  [D in Dimensions]: Name extends `${infer Head}${D}${infer Tail}`
    ? `${Head}${Uppercase<D> extends D ? Lowercase<D> : Uppercase<D>}${Tail}`
    : never;
}[Dimensions];

type InBothCases<T> = T & { readonly [K in keyof T & string as OtherCase<K>]: T[K] };

export type Spelled<T extends Record<Short[keyof Short], unknown>> = InBothCases<
  T & { readonly [K in keyof Short]: T[Short[K]] }
>;

/** `layers`, each also by its other spellings. */
export function withSpellings<T extends Record<Short[keyof Short], unknown>>(layers: T): Spelled<T> {
  const short = Object.entries(SHORT).map(([name, whole]) => [name, layers[whole]] as const);
  const all = [...Object.entries(layers), ...short];
  const flip = (_: string, digit: string, d: string) => digit + (d === 'd' ? 'D' : 'd');
  return Object.fromEntries(
    all.flatMap(([name, make]) => [
      [name, make] as const,
      [name.replace(/([123])(d)/i, flip), make] as const,
    ]),
  ) as Spelled<T>;
}
