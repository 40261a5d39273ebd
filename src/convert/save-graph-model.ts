/** `saveGraphModel`: a graph-model of TensorFlow.js as files again, with weights as halves or rules of precision if asked for. */
import { checkAutocast } from '../precision/autocast.ts';
import { FormatError } from '../values/errors.ts';
import { checkOptions } from '../values/options.ts';
import { filesFrom, type ModelSource } from './load-model.ts';
import { type SaveTarget, targetFrom, writeFiles } from './save-model.ts';
import { graphJsonIn } from './tfjs/graph-model.ts';
import { isShard } from './tfjs/shards.ts';
import { type WriteGraphOptions, writeGraphModel } from './tfjs/write-graph.ts';

export type { WriteGraphOptions };

/**
 * Writes the graph-model in the files of `source`, so that TensorFlow.js and `loadGraphModel` read it; needs no GPU. The target may be where it comes
 * from. Throws `FormatError` where the source is none, `ArgumentError`.
 */
export async function saveGraphModel(
  source: ModelSource,
  target: SaveTarget,
  options: WriteGraphOptions = {},
): Promise<void> {
  checkOptions('saveGraphModel', options, ['halfWeights', 'autocast']);
  if (options.autocast !== undefined) checkAutocast('saveGraphModel: autocast', options.autocast);
  const files = filesFrom('saveGraphModel', source);
  const file = await graphJsonIn(files);
  if (!file)
    throw new FormatError(
      `${files.name}: no graph-model of TensorFlow.js, of which alone graphs are written; looked for model.json with modelTopology.node`,
    );
  await writeFiles(targetFrom(target), writeGraphModel(files, file, options), isShard);
}
