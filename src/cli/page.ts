/** Parts of a self-contained HTML page with plots: SVG drawn on the host, and tables. */
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';

const STYLE = `
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; background: #fff }
table { border-collapse: collapse; margin: 1rem 0 } th, td { padding: .25rem .8rem; text-align: right; border-bottom: 1px solid #ddd }
th:first-child, td:first-child { text-align: left } figure { margin: 2rem 0 } figcaption { color: #555; max-width: 45rem } svg { max-width: 100%; height: auto }
h2 { margin-top: 2.5rem }`;

/** Nothing is fetched, and nothing runs. `style` comes after that of all pages. */
export function page(title: string, body: string, style = ''): string {
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${STYLE}${style}</style>
${body}
</html>
`;
}

export function tableHtml(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (tag: string, values: readonly string[]) =>
    values.map((value) => `<${tag}>${escapeHtml(value)}</${tag}>`).join('');
  const body = rows.map((row) => `<tr>${cells('td', row)}</tr>`).join('\n');
  return `<table><thead><tr>${cells('th', head)}</tr></thead><tbody>${body}</tbody></table>`;
}

export function draw(options: Plot.PlotOptions): string {
  const { document } = parseHTML('<html></html>');
  const svg = Plot.plot({
    width: 760,
    style: { fontSize: '13px' },
    ...options,
    document: document as unknown as Document,
  });
  // linkedom leaves the namespace out, without which no browser draws the file's SVG on its own.
  svg.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  return svg.outerHTML;
}

export function figure(svg: string, caption: string): string {
  return `<figure>${svg}<figcaption>${escapeHtml(caption)}</figcaption></figure>`;
}

export function escapeHtml(text: string): string {
  return text.replace(
    /[&<>"]/g,
    (char) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[char]!,
  );
}
