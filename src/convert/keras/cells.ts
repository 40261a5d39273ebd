/** Keras's RNN, a layer that runs a cell: as the layer that has such a cell, a stack of cells as a model of several. */
import { Place } from '../json.ts';
import type { ReadContext } from './context.ts';
import { classOf } from './read-layer.ts';

const LAYERS: Readonly<Record<string, string>> = {
  LSTMCell: 'LSTM',
  GRUCell: 'GRU',
  SimpleRNNCell: 'SimpleRNN',
};

/** `place` itself, or what is read in the place of an RNN. A class of cells that no layer has is left as it is. Throws `FormatError`. */
export function withoutCells(place: Place, context: Pick<ReadContext, 'customObjects'>): Place {
  if (place.at('class_name').value !== 'RNN' || classOf(place, context)) return place;
  const config = place.at('config');
  const cell = config.at('cell');
  if (cell.at('class_name').value !== 'StackedRNNCells')
    return new Place(place.file, { ...place.record, ...layerOf(cell, config.record) }, place.path);
  if (config.at('return_state').value === true)
    config.at('return_state').fail('the states of a stack of cells are not given');
  const { go_backwards, return_sequences, stateful, name, trainable, dtype } = config.record;
  const cells = cell.at('config').at('cells').items();
  const layers = cells.map((one, index) => {
    const isLast = index === cells.length - 1;
    return layerOf(one, {
      ...{ stateful, dtype, return_sequences: isLast ? return_sequences : true },
      ...(index === 0 ? { go_backwards } : {}),
    });
  });
  return new Place(
    place.file,
    { ...place.record, class_name: 'Sequential', config: { name, trainable, dtype, layers } },
    place.path,
  );
}

/** A layer of what the cell is told, and, before that, of what the layer is. */
function layerOf(cell: Place, own: object): { class_name: string; config: object } {
  const kind = cell.at('class_name').string;
  const { cell: _, ...rest } = { ...cell.at('config').record, ...own } as Record<string, unknown>;
  const told = Object.entries(rest).filter(([, value]) => value !== undefined && value !== null);
  return { class_name: LAYERS[kind] ?? kind, config: Object.fromEntries(told) };
}
