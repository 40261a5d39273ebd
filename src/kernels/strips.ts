/** Grids of kernels with `lib/strip.wgsl`, whose invocations own some neighbours on a line of an image, a quad of channels each. */
import { linearGrid, type Workgroups } from '../gpu/shader.ts';
import type { Shape } from '../values/shape.ts';
import { quads } from './operand.ts';

/** Workgroups of 64 for images of `shape`, (batch, height, width, channels). */
export function stripGrid(
  { constants }: { readonly constants: { readonly STRIP: number } },
  shape: Shape,
): Workgroups {
  const [images, height, width, channels] = shape as [number, number, number, number];
  return linearGrid(images * height * Math.ceil(width / constants.STRIP) * quads(channels), 64);
}
