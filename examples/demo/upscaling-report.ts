/** What the demo says of the converted model: a table, and a part of the page with its pictures. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as Plot from '@observablehq/plot';
import { draw, escapeHtml, figure, tableHtml } from '../../src/cli/page.ts';
import * as ht from '../../src/node.ts';
import type { Upscaling } from './upscaling.ts';

const dB = (value: number) => `${value.toFixed(1)} dB`;

/** What is measured before and after conversion. */
export function upscalingTable({ float32, mixed, psnr }: Upscaling): { head: string[]; rows: string[][] } {
  const head = ['policy', 'ms / picture', 'MiB', "PSNR, Keras's picture", 'PSNR, float32'];
  const row = (policy: string, { ms, bytes }: Upscaling['float32'], keras: number, own: string) => [
    policy,
    ms.toFixed(0),
    (bytes / 2 ** 20).toFixed(1),
    dB(keras),
    own,
  ];
  return {
    head,
    rows: [
      row('float32', float32, psnr.float32, ''),
      row('mixed_float16', mixed, psnr.mixed, dB(psnr.between)),
    ],
  };
}

/** In words, for terminal and page. */
export function upscalingWords({ largest, error, readBack, saved, losses }: Upscaling): string[] {
  const back = readBack === 0 ? 'gives the same results, bit for bit' : `differs by ${readBack}`;
  return [
    `Results between the first and the last layer reach ${Math.round(largest)}; float16 holds 65,504.`,
    `Trained on for ${losses.length} steps under a dynamic loss scale: mean squared error of parts held back ${error.before.toFixed(1)}, then ${error.after.toFixed(1)}.`,
    `Written to ${saved} as a TensorFlow.js layers-model; read back, it ${back}.`,
  ];
}

/** The pictures as files in `folder`, and the part of the page that shows them. */
export async function upscalingHtml(found: Upscaling, folder: string): Promise<string> {
  const shown: string[] = [];
  for (const { title, picture } of found.pictures) {
    const file = join(folder, `${title.replace(/\W+/g, '-').toLowerCase()}.png`);
    await ht.saveImage(picture, file);
    const data = (await readFile(file)).toString('base64');
    shown.push(
      `<figure style="display:inline-block;margin:.5rem"><img width="256" height="256" alt="${escapeHtml(title)}" src="data:image/png;base64,${data}"><figcaption>${escapeHtml(title)}</figcaption></figure>`,
    );
  }
  const { head, rows } = upscalingTable(found);
  const steps = found.losses.map((loss, step) => ({ step, loss }));
  const losses = draw({
    height: 220,
    x: { label: 'step' },
    y: { label: 'loss', grid: true },
    marks: [Plot.lineY(steps, { x: 'step', y: 'loss', stroke: '#3ca951' })],
  });
  return `<h1>A trained Keras model in mixed precision</h1>
<p>ESRGAN-slim 2x, as Keras trained it and TensorFlow.js stores it: a picture of 128 x 128 pixels becomes one of 256 x 256.</p>
${tableHtml(head, rows)}
<div>${shown.join('\n')}</div>
<ul>${upscalingWords(found)
    .map((words) => `<li>${escapeHtml(words)}</li>`)
    .join('')}</ul>
<h2>Training on</h2>
${figure(losses, 'Mean squared error of each batch: parts of the picture at half their size, to be made whole again, values from 0 to 255.')}
<h2>Plan</h2>
<pre>${escapeHtml(found.plan)}</pre>`;
}
