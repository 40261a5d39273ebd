/** `loadGraphModel`: a graph of TensorFlow's ops from its files, a graph-model of TensorFlow.js or a signature of a SavedModel. */
import { defaultEngine } from '../gpu/default-engine.ts';
import type { Engine } from '../gpu/engine.ts';
import { FormatError } from '../values/errors.ts';
import { checkOptions } from '../values/options.ts';
import type { GraphModel } from './graph/graph-model.ts';
import { filesFrom, type ModelSource } from './load-model.ts';
import { metaGraphIn } from './saved-model/saved-model.ts';
import { signatureModel } from './saved-model/signature.ts';
import { graphJsonIn, tfjsGraphModelIn } from './tfjs/graph-model.ts';

export interface LoadGraphOptions {
  /** Where the weights go. Default: the engine that was opened last. */
  engine?: Engine;
  /** Of a SavedModel. Default `'serving_default'`. */
  signature?: string;
}

/**
 * The graph in these files, for inference: `predict` and `execute` run its ops by ours, in float32 or, in `ht.autocast`, in float16 where that is
 * safe; `executeAsync` those too whose course or sizes depend on data. Images are NHWC, as ours; what a graph has in NCHW is transposed. Throws
 * `FormatError` that names the place where files are not as they should be, or all ops that cannot be run, as strings and tables.
 */
export async function loadGraphModel(
  source: ModelSource,
  options: LoadGraphOptions = {},
): Promise<GraphModel> {
  checkOptions('loadGraphModel', options, ['engine', 'signature']);
  const { engine = defaultEngine('loadGraphModel'), signature } = options;
  const files = filesFrom('loadGraphModel', source);
  const json = await graphJsonIn(files);
  if (json) return tfjsGraphModelIn(files, json, engine);
  const meta = await metaGraphIn(files);
  if (meta) return signatureModel(files, meta, engine, signature);
  throw new FormatError(
    `${files.name}: no graph; looked for model.json with modelTopology.node, and for saved_model.pb`,
  );
}
