/** Models from configurations: Sequential and functional ones, in each other to any depth that makes sense. */
import type { AnyLayer } from '../../nn/layer.ts';
import type { LayerClass } from '../../nn/layers/registry.ts';
import type { Model } from '../../nn/model.ts';
import { Sequential } from '../../nn/sequential.ts';
import { list } from '../../values/dtype.ts';
import type { SampleShape } from '../../values/shape.ts';
import { isRecord, Place } from '../json.ts';
import { RULES, rulesAt } from '../precision-rules.ts';
import type { KerasObject } from '../stored-model.ts';
import { withoutCells } from './cells.ts';
import type { ReadContext } from './context.ts';
import { isKnownOperation, operationName } from './operations.ts';
import { functionalFrom, type ModelOwn } from './read-functional.ts';
import { inputFrom } from './read-input.ts';
import { classOf, layerFrom, placed, policyFrom } from './read-layer.ts';

export interface ReadOptions {
  /** What messages call the file. */
  readonly where: string;
  /** As the file tells it, such as `2.10.0`. Default: 2. */
  readonly kerasVersion?: string | undefined;
  /** Classes of layers by the names that the file has for them. */
  readonly customObjects?: Readonly<Record<string, LayerClass>> | undefined;
}

/** Models in models, at most. */
const DEEPEST = 50;

/** The model that a configuration describes, without weights. Throws `FormatError`. */
export function modelFromConfig(
  architecture: KerasObject,
  { where, kerasVersion, customObjects = {} }: ReadOptions,
): Model {
  const keras = kerasVersion?.startsWith('3') ? 3 : 2;
  const place = new Place(where, architecture);
  requireKnown(place, customObjects);
  const kind = kindOf(place, { customObjects });
  if (kind === 'layer') place.at('class_name').refuse("a model: 'Sequential' or 'Functional'");
  const model = anyFrom(place, { keras, customObjects, layer: anyFrom }) as unknown as Model;
  model.autocast = rulesAt(place.at('config').at(RULES));
  return model;
}

function anyFrom(stored: Place, context: ReadContext): AnyLayer {
  const place = withoutCells(stored, context);
  const kind = kindOf(place, context);
  if (kind === 'layer') return layerFrom(place, context);
  const model =
    kind === 'sequential'
      ? sequentialFrom(place, context)
      : functionalFrom(place, context, (layers) => ownOptions(place, layers));
  if (place.at('config').at('trainable').value === false) model.trainable = false;
  return model as unknown as AnyLayer;
}

/** Models are known by what they hold, so that classes that extend `Model` of Keras are read as well. */
function kindOf(
  place: Place,
  context: Pick<ReadContext, 'customObjects'>,
): 'layer' | 'sequential' | 'functional' {
  const config = place.at('config');
  if (place.at('class_name').value === 'Sequential') return 'sequential';
  if (!Array.isArray(config.at('layers').value) || classOf(place, context)) return 'layer';
  return config.at('input_layers').value === undefined ? 'sequential' : 'functional';
}

/**
 * Name and policy. The model's own policy says whether training scales losses; where it is not told, it is `mixed_float16` as soon as a layer
 * has that.
 */
function ownOptions(place: Place, layers: readonly AnyLayer[]): ModelOwn {
  const config = place.at('config');
  const [name, dtype] = [config.at('name'), config.at('dtype')];
  const mixed = layers.some(({ policy }) => policy.name === 'mixed_float16') ? 'mixed_float16' : 'float32';
  return {
    ...(name.value === undefined ? {} : { name: name.string }),
    dtype: dtype.value === undefined || dtype.value === null ? mixed : policyFrom(dtype),
  };
}

function sequentialFrom(place: Place, context: ReadContext): Sequential {
  const config = place.at('config');
  // Keras before 2.2.3 has the list itself.
  const layers = (Array.isArray(config.value) ? config : config.at('layers')).items();
  const first = layers[0];
  const begins = first?.at('class_name').value === 'InputLayer';
  const built = config.at('build_input_shape').value ?? place.at('build_config').at('input_shape').value;
  const inputShape = begins
    ? inputFrom(first!, 'input').shape
    : Array.isArray(built)
      ? built.slice(1)
      : undefined;
  const own = layers.slice(begins ? 1 : 0).map((layer) => context.layer(layer, context));
  return placed(
    place,
    () =>
      new Sequential(own as never, {
        ...ownOptions(place, own),
        ...(inputShape && { inputShape: inputShape as SampleShape }),
      }),
  );
}

/** Throws `FormatError` that names all classes that are not known, with their layers, and where models are nested too deep. */
function requireKnown(place: Place, customObjects: Readonly<Record<string, LayerClass>>): void {
  const unknown = new Map<string, string[]>();
  const visit = (stored: Place, depth: number): void => {
    const object = withoutCells(stored, { customObjects });
    if (depth > DEEPEST) object.fail(`models in models more than ${DEEPEST} deep`);
    const operation = operationName(object);
    const name = operation === undefined ? object.at('class_name').string : `operation ${operation}`;
    const config = object.at('config');
    const layers = Array.isArray(config.value) ? config : config.at('layers');
    if (kindOf(object, { customObjects }) !== 'layer')
      for (const layer of layers.items()) visit(layer, depth + 1);
    else if (
      operation !== undefined
        ? !isKnownOperation(operation)
        : name !== 'InputLayer' && !classOf(object, { customObjects })
    ) {
      const own = config.at('name').value;
      unknown.set(name, [...(unknown.get(name) ?? []), String(own ?? object.path)]);
    }
    // Layers that layers go round.
    for (const key of ['layer', 'backward_layer', 'forward_layer', 'cell']) {
      const inner = config.at(key);
      if (isRecord(inner.value) && 'class_name' in inner.value) visit(inner, depth + 1);
    }
  };
  visit(place, 0);
  if (unknown.size === 0) return;
  const told = [...unknown].map(([name, layers]) => {
    const few = layers.length > 3 ? [...layers.slice(0, 3), `${layers.length - 3} more`] : layers;
    return `${list([name])} (${few.join(', ')})`;
  });
  place.fail(
    `unknown classes of layers: ${told.join(', ')}; register them with ht.registerLayer, or give them as customObjects`,
  );
}
