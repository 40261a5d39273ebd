/** Layers in a model's JSON: what their names and classes are, and what layers they hold. */
import { FormatError } from '../../values/errors.ts';
import { isRecord } from '../json.ts';
import type { KerasObject } from '../stored-model.ts';

/** The layers of a model, in its order, or the cells of a stack, which are read as layers; undefined of a layer that is no model. */
export function layersOf({ config }: KerasObject): readonly KerasObject[] | undefined {
  // Keras wrote Sequential as a list before version 2.2.3.
  const cell = isLayer(config.cell) ? config.cell.config : config;
  const layers: unknown = Array.isArray(config) ? config : (config.layers ?? cell.cells);
  return Array.isArray(layers) ? layers.filter(isLayer) : undefined;
}

function isLayer(value: unknown): value is KerasObject {
  return isRecord(value) && typeof value.class_name === 'string' && isRecord(value.config);
}

/** By which weights belong to a layer. */
export function nameOf(layer: KerasObject): string {
  return String(layer.name ?? layer.config.name);
}

/** `value` as a model of Keras; `where` tells of the place in messages. Throws `FormatError`. */
export function asModel(where: string, value: unknown): KerasObject {
  if (isRecord(value) && typeof value.class_name === 'string')
    if (isRecord(value.config) || Array.isArray(value.config)) return value as KerasObject;
  throw new FormatError(`${where}: no class_name and config; use a model that Keras saved as a whole`);
}

/** As Keras makes names of classes: `Conv2D` is `conv2d`, `ReLU` is `re_lu`. */
export function snakeCase(name: string): string {
  return name
    .replace(/\W+/g, '')
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
}
