/** Classes of layers by the names that configurations call them, those of one's own included. */
import { show } from '../../values/dtype.ts';
import { ArgumentError } from '../../values/errors.ts';
import { checkOptions } from '../../values/options.ts';
import { Layer } from '../layer.ts';

/** Makes a layer of its options. */
export type LayerClass = new (options: never) => object;

const classes = new Map<string, LayerClass>();
const names = new Map<unknown, string>();

export interface RegisterOptions {
  /** What files call the class. Default: its own name, which tools that shorten programs may change. */
  name?: string;
  /** Written before the name, as `Custom>Name`, as Keras does. Default: none. */
  package?: string;
}

/**
 * Lets models with layers of a class of one's own be saved and loaded, as Keras's `register_keras_serializable`. The class's constructor takes
 * one object of options; `getConfig` gives what makes a layer like it. Returns the class. Throws `ArgumentError`.
 */
export function registerLayer<C extends LayerClass>(kind: C, options: RegisterOptions = {}): C {
  checkOptions('registerLayer', options, ['name', 'package']);
  if (typeof kind !== 'function' || !(kind.prototype instanceof Layer))
    throw new ArgumentError(`registerLayer: ${show(kind)}; use a class that extends ht.Layer`);
  const { name = kind.name, package: of } = options;
  const whole = of === undefined ? name : `${of}>${name}`;
  const known = classes.get(whole);
  if (known && known !== kind)
    throw new ArgumentError(`registerLayer: '${whole}' is another class; use another name or package`);
  classes.set(whole, kind);
  names.set(kind, whole);
  return kind;
}

/** The class of this name, of those that were registered so far; undefined where there is none. */
export function registeredClass(name: string): LayerClass | undefined {
  return classes.get(name);
}

/** What files call the class of a layer: as it was registered, else its own name. */
export function layerClassName(layer: object): string {
  return names.get(layer.constructor) ?? layer.constructor.name;
}
