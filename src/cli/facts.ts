/** What commands print before their tables: names and facts. */

export function printFacts(facts: Readonly<Record<string, string>>): void {
  const width = Math.max(...Object.keys(facts).map((name) => name.length)) + 2;
  for (const [name, fact] of Object.entries(facts)) console.log(`${name.padEnd(width)}${fact}`);
}
