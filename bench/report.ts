/** The bench's page: where the figures come from, plots, and the tables that the terminal shows. */
import { escapeHtml, figure, page, tableHtml } from '../src/cli/page.ts';
import { adapterName } from './environment.ts';
import { errorLines, gemmBars, moveBars, roofline, stepBars } from './plots.ts';
import { failuresOf, type Results } from './results.ts';
import { ceilingLines, peerLines, tablesOf } from './tables.ts';

const SOFTWARE =
  'A processor plays the GPU here: these figures say how Halftape does against this adapter’s own limits and against peers on it, and nothing of a graphics card.';

const STYLE = `
body { max-width: 72rem } th, td { white-space: nowrap; padding: .1rem .6rem; font-size: .85rem } td:nth-child(2), td:nth-child(3) { text-align: left }`;

export function renderReport(results: Results): string {
  const { environment } = results;
  const { halftape, webgpu, node } = environment.versions;
  const failures = failuresOf(results).map(
    ({ suite, name, storage, kernel, failure }) => `${suite} ${name} ${storage} ${kernel}: ${failure}`,
  );
  const plots: [title: string, svg: string | undefined, caption: string][] = [
    [
      'Roofline',
      roofline(results),
      'Each product by the flops it does for a byte that it must read or write, and its rate. Circles are f32, triangles f16, squares packed halves, crosses peers. Dashed lines are rates that kernels without memory reached, the slope is the copy rate.',
    ],
    ['Matrix products', gemmBars(results), 'Medians. Blue f32, green f16, yellow packed halves, grey peers.'],
    [
      'Casts, copies, reductions',
      moveBars(results),
      'Bytes read and written. The black mark is the copy rate for about as many bytes; a reduction writes next to nothing, and may pass it.',
    ],
    ['Training step', stepBars(results), '784-512-512-10, batches of 64, Adam. Shorter is better.'],
    [
      'Accumulation',
      errorLines(results),
      'Products of 16 x K and K x 16 halves against f64. A float16 sum of positive numbers stops where half a step of it is more than what is added; what chunks and a compensation leave is the rounding of the products.',
    ],
  ];
  const list = (items: readonly string[]) =>
    `<ul>${items.map((item) => `<li>${escapeHtml(item)}</li>`).join('')}</ul>`;
  const body = [
    '<h1>Halftape against its adapter</h1>',
    `<p>${escapeHtml(adapterName(environment))}. ${environment.software ? SOFTWARE : ''}</p>`,
    `<p>halftape ${halftape}, webgpu ${webgpu}, Node ${node}, ${escapeHtml(environment.processor)}, ${environment.date}. Every result was checked against f64 before it was timed; cases were timed in turns.</p>`,
    ...(failures.length > 0 ? ['<h2>Failed</h2>', list(failures)] : []),
    '<h2>Ceilings</h2>',
    list(ceilingLines(results)),
    ...plots.flatMap(([title, svg, caption]) => (svg ? [`<h2>${title}</h2>`, figure(svg, caption)] : [])),
    ...(peerLines(results).length > 0
      ? ['<h2>Peers that could not be measured</h2>', list(peerLines(results))]
      : []),
    ...tablesOf(results).flatMap(({ title, head, rows }) => [
      `<h2>Table: ${title}</h2>`,
      tableHtml(head, rows),
    ]),
  ];
  return page('Halftape: bench', body.join('\n'), STYLE);
}
