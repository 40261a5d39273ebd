/** Trained models that commands are given: found and read before the GPU is asked for anything, then loaded with a bar. */
import { readModel } from '../convert/formats.ts';
import type { GraphModel } from '../convert/graph/graph-model.ts';
import { modelFromConfig } from '../convert/keras/read-model.ts';
import { modelFromStored } from '../convert/load-model.ts';
import type { StoredModel } from '../convert/stored-model.ts';
import { graphJsonIn, inputSpecsIn, tfjsGraphModel } from '../convert/tfjs/graph-model.ts';
import { filesInFolder } from '../node/folder-files.ts';
import { type Engine, loadGraphModel, type Model } from '../node.ts';
import { during } from './progress.ts';

interface Loading {
  silent?: boolean;
  compile?: boolean;
}

/** A model of layers. */
export interface GivenModel {
  readonly kind: 'layers';
  readonly path: string;
  readonly format: string;
  readonly stored: StoredModel;
  readonly inputSpecs: Model['inputSpecs'];
  /** The model with its weights, on `engine`: a new one each time, compiled as the file says if not told otherwise. Throws `FormatError`. */
  load(engine: Engine, options?: Loading): Promise<Model>;
}

/** A graph of ops, in a graph-model of TensorFlow.js. */
export interface GivenGraph {
  readonly kind: 'graph';
  readonly path: string;
  readonly format: string;
  readonly inputSpecs: GraphModel['inputSpecs'];
  load(engine: Engine, options?: Loading): Promise<GraphModel>;
}

/** Throws `FormatError` where there is no model, or none that can be run. */
export async function givenAny(path: string): Promise<GivenModel | GivenGraph> {
  const graph = await graphJsonIn(await filesInFolder(path));
  if (!graph) return givenModel(path);
  return {
    ...{ kind: 'graph', path, format: tfjsGraphModel.name, inputSpecs: inputSpecsIn(graph) },
    load: (engine, { silent = false } = {}) =>
      during('Reading weights', silent, () => loadGraphModel(path, { engine })),
  };
}

/** Throws `FormatError` where there is no model of layers. */
export async function givenModel(path: string): Promise<GivenModel> {
  const stored = await readModel(await filesInFolder(path));
  return {
    ...{ kind: 'layers', path, format: stored.format, stored },
    inputSpecs: modelFromConfig(stored.architecture, { where: path, kerasVersion: stored.kerasVersion })
      .inputSpecs,
    load: (engine, { silent = false, ...options } = {}) =>
      during('Reading weights', silent, (onProgress) =>
        modelFromStored(path, stored, { engine, onProgress, ...options }),
      ),
  };
}
