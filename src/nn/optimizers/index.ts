/** Optimizers as functions, the way TensorFlow.js makes them. */
import { Adadelta } from './adadelta.ts';
import { Adagrad } from './adagrad.ts';
import { Adam, type AdamOptions, AdamW } from './adam.ts';
import { Adamax } from './adamax.ts';
import { Lion } from './lion.ts';
import { Muon } from './muon.ts';
import { Nadam } from './nadam.ts';
import { RMSprop } from './rmsprop.ts';
import { SGD } from './sgd.ts';

export { type Schedule, schedules } from './schedules.ts';

/** By class name. A new optimizer is its shader, its class and a place here. */
export const CLASSES = { Adadelta, Adagrad, Adam, AdamW, Adamax, Lion, Muon, Nadam, RMSprop, SGD } as const;

function maker<O, T>(kind: new (options?: O) => T): (options?: O) => T {
  return (options) => new kind(options);
}

export const optimizers = {
  adadelta: maker(Adadelta),
  adagrad: maker(Adagrad),
  adam: (options?: AdamOptions): Adam => new Adam(options),
  adamW: maker(AdamW),
  adamax: maker(Adamax),
  lion: maker(Lion),
  muon: maker(Muon),
  nadam: maker(Nadam),
  rmsprop: maker(RMSprop),
  sgd: maker(SGD),
};
