/** The formats of Keras's own files: archives of Keras 3, and .h5 files. */
import { type Format, fileBeginning } from '../format.ts';
import { isHdf5 } from '../hdf5/file.ts';
import { isZip } from '../zip.ts';
import { CONFIG, readKerasArchive, readUnpacked, WEIGHTS } from './archive.ts';
import { readLegacyH5 } from './legacy-h5.ts';
import { writeKerasArchive } from './write-archive.ts';
import { writeLegacyH5 } from './write-legacy-h5.ts';

export const kerasArchive: Format = {
  name: 'Keras .keras',
  signs: 'a zip archive, or its folder, with config.json and model.weights.h5',
  read: async (files) => {
    const path = await fileBeginning(files, isZip, /\.keras$/i);
    if (path !== undefined) return readKerasArchive(files, path);
    if (files.main !== undefined) return undefined;
    const sizes = await Promise.all([CONFIG, WEIGHTS].map((name) => files.size(name)));
    return sizes.includes(undefined) ? undefined : readUnpacked(files);
  },
  writer: {
    key: 'keras',
    extension: '.keras',
    write: async function* (model, options, main) {
      yield { path: main, bytes: await writeKerasArchive(model, options) };
    },
  },
};

export const kerasH5: Format = {
  name: 'Keras .h5',
  signs: 'an HDF5 file with model_config',
  read: async (files) => {
    const path = await fileBeginning(files, isHdf5, /\.(h5|hdf5)$/i);
    return path === undefined ? undefined : readLegacyH5(files, path);
  },
  writer: {
    key: 'h5',
    extension: '.h5',
    write: async function* (model, options, main) {
      yield { path: main, bytes: await writeLegacyH5(model, options) };
    },
  },
};
