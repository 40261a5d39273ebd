/** Tables of plain text: a head, a rule and rows; what looks like a number stands to the right. */

const NUMBER = /^-?[\d,.]+( [%a-zA-Z/]+)?$/;

/** Lines joined by line feeds; columns are as wide as their widest cell. */
export function textTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]!.length)),
  );
  const right = head.map(
    (_, column) => rows.length > 0 && rows.every((row) => NUMBER.test(row[column]!) || row[column] === ''),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => (right[column] ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
      .join('  ')
      .trimEnd();
  return [line(head), ruleOf(widths), ...rows.map(line)].join('\n');
}

/** Rounded to three digits: `0.0123`, `561000`. */
export function threeDigits(value: number): string {
  return String(Number(value.toPrecision(3)));
}

function ruleOf(widths: readonly number[]): string {
  return '-'.repeat(widths.reduce((sum, width) => sum + width + 2, -2));
}

/** A path for a table: the last of its parts that fit into `width`, behind `…/` where some are left out. */
export function shortPath(path: string, width = 56): string {
  if (path.length <= width) return path;
  const parts = path.split('/');
  while (parts.length > 1 && parts.join('/').length + 2 > width) parts.shift();
  return parts.length === path.split('/').length ? path : `…/${parts.join('/')}`;
}
