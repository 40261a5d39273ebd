// Writes a SavedModel as Keras 2 does: objects, metadata, layers and their variables, an optimizer with slots and a loss scale.
import { bundle, type Stored } from './bundle.ts';
import { type Field, message, shape } from './encode.ts';

export interface SavedLayer {
  readonly name: string;
  readonly className: string;
  readonly config: Record<string, unknown>;
  readonly weights: readonly {
    name: string;
    shape: readonly number[];
    values: readonly number[];
    trainable?: boolean;
  }[];
}

export interface SavedOptions {
  /** TensorFlow before 2.5: metadata beside the objects. */
  readonly legacy?: boolean;
  readonly shards?: number;
  /** The first variable in parts of these rows. */
  readonly parts?: readonly number[];
  /** Adam, wrapped in a loss scale. */
  readonly optimizer?: {
    readonly iterations: number;
    readonly lossScale: number;
    readonly goodSteps: number;
  };
  /** Keras restores them from their configuration: no lists of variables. */
  readonly bare?: boolean;
}

class Objects {
  readonly nodes: { children: [string, number][]; saved: Field[]; values: Field[]; slots: Uint8Array[] }[] =
    [];

  add(
    saved: readonly Field[] = [[4, message([[1, '_generic_user_object']])]],
    values: readonly Field[] = [],
  ): number {
    this.nodes.push({ children: [], saved: [...saved], values: [...values], slots: [] });
    return this.nodes.length - 1;
  }

  link(from: number, name: string, to: number): number {
    this.nodes[from]!.children.push([name, to]);
    return to;
  }

  list(from: number, name: string, members: readonly number[]): void {
    const list = this.link(from, name, this.add());
    for (const [i, member] of members.entries()) this.link(list, String(i), member);
  }

  encoded(values: boolean): Uint8Array {
    return message(
      this.nodes.map(({ children, saved, values: own, slots }) => {
        const links = children.map(
          ([name, id]) =>
            [
              1,
              message([
                [1, id],
                [2, name],
              ]),
            ] as const,
        );
        const rest = values ? [...own, ...slots.map((slot) => [3, slot] as const)] : saved;
        return [1, message([...links, ...rest])] as const;
      }),
    );
  }
}

/** Files by name. */
export function kerasSavedModel(
  layers: readonly SavedLayer[],
  options: SavedOptions = {},
): Record<string, Uint8Array> {
  const { legacy = false, optimizer, bare = false } = options;
  const objects = new Objects();
  const stored: Stored[] = [];
  const metadata: [id: number, identifier: string, json: object][] = [];
  const keras = (id: number, identifier: string, json: object) => {
    metadata.push([id, identifier, json]);
    const own = legacy ? [[3, JSON.stringify(json)] as const] : [];
    objects.nodes[id]!.saved.splice(0, 1, [4, message([[1, identifier], ...own])]);
  };
  const variable = (
    key: string,
    name: string,
    own: SavedLayer['weights'][number],
    type: Stored['type'] = 'float32',
  ) => {
    const full = `${key}/.ATTRIBUTES/VARIABLE_VALUE`;
    const parts = options.parts && stored.length === 0 ? { parts: options.parts } : {};
    stored.push({ key: full, shape: own.shape, type, values: own.values, ...parts });
    return objects.add(
      [
        [
          7,
          message([
            [1, 1],
            [2, shape(own.shape)],
            [3, own.trainable ?? true],
            [6, name],
          ]),
        ],
      ],
      [
        [
          2,
          message([
            [1, 'VARIABLE_VALUE'],
            [2, name],
            [3, full],
          ]),
        ],
      ],
    );
  };

  const root = objects.add();
  const all: { id: number; own: SavedLayer['weights'][number] }[] = [];
  for (const [i, layer] of layers.entries()) {
    const id = objects.link(root, `layer-${i}`, objects.add());
    if (layer.weights.length > 0) objects.link(root, `layer_with_weights-${i}`, id);
    const ids = layer.weights.map((own) => {
      const made = objects.link(
        id,
        own.name,
        variable(`layer_with_weights-${i}/${own.name}`, `${layer.name}/${own.name}`, own),
      );
      all.push({ id: made, own });
      return made;
    });
    if (!bare) objects.list(id, 'variables', ids);
    // Tuples have a form of their own in Keras's JSON.
    const config = { name: layer.name, ...layer.config };
    keras(id, '_tf_keras_layer', { name: layer.name, class_name: layer.className, config });
  }
  const trainable = all.filter(({ own }) => own.trainable ?? true);
  objects.list(
    root,
    'variables',
    all.map(({ id }) => id),
  );
  objects.list(
    root,
    'trainable_variables',
    trainable.map(({ id }) => id),
  );
  if (optimizer) {
    const outer = objects.link(root, 'optimizer', objects.add());
    const inner = objects.link(outer, 'base_optimizer', objects.add());
    const scalar = (value: number) => ({ name: '', shape: [], values: [value] });
    objects.link(
      inner,
      'iter',
      variable('optimizer/iter', 'Adam/iter', scalar(optimizer.iterations), 'int64'),
    );
    const scale = objects.link(outer, 'loss_scale', objects.add());
    objects.link(
      scale,
      'current_loss_scale',
      variable('optimizer/loss_scale/current_loss_scale', 'scale', scalar(optimizer.lossScale)),
    );
    objects.link(
      scale,
      'good_steps',
      variable('optimizer/loss_scale/good_steps', 'steps', scalar(optimizer.goodSteps), 'int64'),
    );
    for (const [i, slot] of ['m', 'v'].entries()) {
      for (const { id, own } of trainable) {
        const values = own.values.map((value) => value * (i + 2));
        const made = variable(`${id}/.OPTIMIZER_SLOT/optimizer/${slot}`, `Adam/${slot}`, { ...own, values });
        objects.nodes[inner]!.slots.push(
          message([
            [1, id],
            [2, slot],
            [3, made],
          ]),
        );
      }
    }
  }
  const configs = layers.map(({ name, className, config }) => ({
    class_name: className,
    config: { name, ...config },
  }));
  keras(root, '_tf_keras_sequential', {
    ...{ name: 'sequential', class_name: 'Sequential', keras_version: '2.4.0', backend: 'tensorflow' },
    config: { name: 'sequential', layers: configs },
    model_config: { class_name: 'Sequential', config: { name: 'sequential', layers: configs } },
    training_config: optimizer
      ? {
          loss: 'mse',
          optimizer_config: {
            class_name: 'LossScaleOptimizer',
            config: {
              ...{ dynamic: true, initial_scale: 32768, dynamic_growth_steps: 2000 },
              inner_optimizer: { class_name: 'Adam', config: { name: 'Adam', learning_rate: 0.01 } },
            },
          },
        }
      : null,
  });

  stored.push({
    key: '_CHECKPOINTABLE_OBJECT_GRAPH',
    shape: [],
    type: 'text',
    values: [],
    text: objects.encoded(true),
  });
  const info = message([
    [4, 'serve'],
    [5, '2.4.0'],
  ]);
  return {
    'saved_model.pb': message([
      [1, 1],
      [
        2,
        message([
          [1, info],
          [2, message([])],
          [7, objects.encoded(false)],
        ]),
      ],
    ]),
    ...(legacy
      ? {}
      : {
          'keras_metadata.pb': message(
            metadata.map(
              ([id, identifier, json]) =>
                [
                  1,
                  message([
                    [2, id],
                    [3, 'root'],
                    [4, identifier],
                    [5, JSON.stringify(json)],
                  ]),
                ] as const,
            ),
          ),
        }),
    ...bundle(stored, options.shards),
  };
}
