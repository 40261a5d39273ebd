/** Launches `fold.wgsl`: products for whole patches, added up where the patches overlap. */
import { fold as shader } from '../generated/shaders.ts';
import type { Patches } from './gemm/problem.ts';
import { elementOf, type Operand, quads, readForm } from './operand.ts';
import { stripGrid } from './strips.ts';
import { windowParams } from './window.ts';

/** `columns`, a row for each patch of the images from `first` on, into these images of `dx`. Channels are whole quads. */
export function foldKernel(columns: Operand, dx: Operand, patches: Patches, first: number): void {
  const { window, images, channels } = patches;
  const perImage = window.image[0] * window.image[1] * quads(channels);
  columns.engine.run(shader, {
    types: { In4: readForm(columns), Out4: elementOf(dx), Acc: 'f32' },
    bindings: { columns: columns.storage, dx: dx.storage },
    params: {
      ...windowParams(window),
      ...{ size: images * perImage, first: first * perImage, channels: quads(channels) },
    },
    workgroups: stripGrid(shader, [images, ...window.image, channels]),
  });
}
