/** Launches `depthwise.wgsl` and its gradients: convolutions of each channel by itself, read straight from the image. */
import { depthwise_filter, depthwise_image, depthwise as shader } from '../generated/shaders.ts';
import { linearGrid } from '../gpu/shader.ts';
import { type Shape, sizeOf } from '../values/shape.ts';
import { turned, type Window } from '../values/window.ts';
import type { ShapedOperand } from './binary.ts';
import type { ConvolutionKernels } from './convolution.ts';
import { epilogueBindings, epilogueOverrides } from './epilogue.ts';
import type { Epilogue } from './gemm/problem.ts';
import { elementOf, type Operand, quads, readForm } from './operand.ts';
import { reduceKernel } from './reduce.ts';
import { stripGrid } from './strips.ts';
import { inQuads, scratch } from './whole-quads.ts';
import { windowParams } from './window.ts';

/** Windows that one invocation has side by side, and the most neighbours that it reads for them. */
const WIDE = [8, 4, 2, 1];
const LONGEST_SPAN = 24;
/** Invocations that the gradient by the filter is to have at work. */
const ENOUGH = 2048;

/** Images (batch, height, width, channels), filters (down, across, channels). */
export const depthwise: ConvolutionKernels = {
  forward(x, filter, y, window, epilogue = {}) {
    inQuads([x, filter], y, channelsOf(y), ([x4, filter4], y4) =>
      walk(x4, filter4, y4, y.shape, window, false, epilogue),
    );
  },

  byImage(upstream, filter, dx, window) {
    inQuads([upstream, filter], dx, channelsOf(dx), ([upstream4, filter4], dx4) => {
      if (window.strides.every((stride) => stride === 1)) {
        walk(upstream4, filter4, dx4, dx.shape, turned(window), true, {});
        return;
      }
      dx.engine.run(depthwise_image, {
        types: { In4: readForm(upstream), Out4: elementOf(dx), Acc: 'f32' },
        bindings: { upstream: upstream4.storage, weights: filter4.storage, dx: dx4.storage },
        params: { ...windowParams(window), size: quads(dx4.size), channels: quads(channelsOf(dx)) },
        workgroups: stripGrid(depthwise_image, dx.shape),
      });
    });
  },

  byFilter(x, upstream, dFilter, window) {
    inQuads([x, upstream], dFilter, channelsOf(x), ([x4, upstream4], dFilter4) => {
      const { engine } = x;
      const channels = quads(channelsOf(x));
      const lines = x.shape[0]! * window.positions[0];
      const own = channels * window.filter[0];
      const wanted = Math.min(lines, Math.ceil(ENOUGH / own));
      const parts = Math.ceil(lines / Math.ceil(lines / wanted));
      const sums = scratch({ engine, dtype: 'float32' }, parts * dFilter4.size, 'depthwiseConv2d');
      engine.run(depthwise_filter, {
        types: { In4: readForm(x), Out4: 'f32', Acc: 'f32' },
        constants: constantsOf(window),
        bindings: { x: x4.storage, upstream: upstream4.storage, parts: sums.storage },
        params: { ...windowParams(window), lines, parts, channels },
        workgroups: linearGrid(parts * own, 64),
        flops: 2 * upstream.size * sizeOf(window.filter),
      });
      reduceKernel('SUM', sums, dFilter4, { outer: 1, reduced: parts, inner: dFilter4.size });
      engine.release(sums.storage);
    });
  },
};

function walk(
  x: Operand,
  filter: Operand,
  y: Operand,
  shape: Shape,
  window: Window,
  isTurned: boolean,
  epilogue: Epilogue,
): void {
  const m = sizeOf(shape.slice(0, 3));
  const n = y.size / m;
  const constants = constantsOf(window);
  const strips = shape[0]! * shape[1]! * Math.ceil(shape[2]! / constants.WIDE);
  y.engine.run(shader, {
    types: { In4: readForm(x), Out4: elementOf(y), Acc: 'f32' },
    constants,
    overrides: { TURNED: isTurned, ...epilogueOverrides({ a: x, ...epilogue }, y) },
    bindings: { x: x.storage, weights: filter.storage, c: y.storage, ...epilogueBindings(epilogue, y) },
    params: { ...windowParams(window), m, n },
    workgroups: linearGrid(strips * quads(n), 64),
    flops: 2 * y.size * sizeOf(window.filter),
  });
}

function constantsOf({ filter, strides, dilations }: Window) {
  const [ACROSS, STRIDE, DILATION] = [filter[1], strides[1], dilations[1]];
  const wide = WIDE.find((count) => (count - 1) * STRIDE + (ACROSS - 1) * DILATION < LONGEST_SPAN) ?? 1;
  return { WIDE: wide, ACROSS, STRIDE, DILATION };
}

function channelsOf({ shape }: ShapedOperand): number {
  return shape.at(-1)!;
}
