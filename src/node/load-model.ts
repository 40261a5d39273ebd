/** `loadModel` and `loadGraphModel` in Node: from a path as well. */
import { fileURLToPath } from 'node:url';
import type { Tensor } from '../autograd/tensor.ts';
import type { GraphModel } from '../convert/graph/graph-model.ts';
import { type LoadGraphOptions, loadGraphModel as loadGraph } from '../convert/load-graph-model.ts';
import { type LoadOptions, loadModel as load, type ModelSource } from '../convert/load-model.ts';
import type { Model } from '../nn/model.ts';
import type { Tensors } from '../nn/several.ts';
import { filesInFolder } from './folder-files.ts';

/** As in `halftape`; strings that are no `http`, `data` or `blob` URLs are paths, of a file or a folder. */
export async function loadModel<In extends Tensors = Tensor, Out extends Tensors = Tensor>(
  source: ModelSource,
  options: LoadOptions = {},
): Promise<Model<In, Out>> {
  const path = pathIn(source);
  return load<In, Out>(path === undefined ? source : await filesInFolder(path), options);
}

/** As in `halftape`; strings that are no `http`, `data` or `blob` URLs are paths, of a file or a folder. */
export async function loadGraphModel(
  source: ModelSource,
  options: LoadGraphOptions = {},
): Promise<GraphModel> {
  const path = pathIn(source);
  return loadGraph(path === undefined ? source : await filesInFolder(path), options);
}

function pathIn(source: ModelSource): string | undefined {
  if (typeof source !== 'string' && !(source instanceof URL)) return undefined;
  if (/^(https?|data|blob):/.test(String(source))) return undefined;
  return /^file:/.test(String(source)) ? fileURLToPath(source) : String(source);
}
