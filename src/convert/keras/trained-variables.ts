/** The order in which Keras's optimizers have the variables of a model. */
import type { Variable } from '../../autograd/variable.ts';
import type { AnyLayer } from '../../nn/layer.ts';
import { Model } from '../../nn/model.ts';
import type { KerasObject } from '../stored-model.ts';
import { layersOf, nameOf } from './layers.ts';

/** What training changes, in the order of the layers in the configuration. */
export function trainedVariables(model: Model, architecture: KerasObject): readonly Variable[] {
  const visit = (layer: AnyLayer, json: KerasObject): readonly Variable[] => {
    if (!((layer as unknown) instanceof Model)) return layer.trainableVariables;
    const { layers } = layer as unknown as Model;
    return (layersOf(json) ?? []).flatMap((inner) => {
      const own = layers.find(({ name }) => name === nameOf(inner));
      return own ? visit(own, inner) : [];
    });
  };
  return [...new Set(visit(model as unknown as AnyLayer, architecture))].filter(({ trainable }) => trainable);
}
