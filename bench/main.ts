/** `npm run bench`: the adapter's limits, our kernels against them, and other libraries beside ours. */
import { SingleBar } from 'cli-progress';
import Table from 'cli-table3';
import { writeTextAtomic } from '../src/node/atomic.ts';
import { adapterName } from './environment.ts';
import { HELP, type Options, parseOptions } from './options.ts';
import { renderReport } from './report.ts';
import { failuresOf, type Results, toJson } from './results.ts';
import { type Audience, runBench } from './run.ts';
import { ceilingLines, peerLines, tablesOf } from './tables.ts';

/** On a terminal a bar, elsewhere a line a part; both on stderr. */
function terminal(): Audience & { end(): void } {
  let bar: SingleBar | undefined;
  const end = () => {
    bar?.stop();
    bar = undefined;
  };
  return {
    end,
    part(name) {
      end();
      if (!process.stderr.isTTY) console.error(name);
      return (done, all) => {
        bar ??= newBar(name, all);
        bar.setTotal(all);
        bar.update(done);
        if (done === all) end();
      };
    },
  };
}

function newBar(name: string, all: number): SingleBar {
  const format = `${name} {bar} {value}/{total} {eta_formatted}`;
  const bar = new SingleBar({ format, clearOnComplete: true, hideCursor: true, barsize: 30 });
  bar.start(all, 0);
  return bar;
}

function print(results: Results): void {
  const { environment } = results;
  const { halftape, webgpu, node } = environment.versions;
  console.log(`\n${adapterName(environment)}`);
  console.log(
    `halftape ${halftape}, webgpu ${webgpu}, Node ${node}, ${environment.processor}, ${environment.date}\n`,
  );
  for (const line of ceilingLines(results)) console.log(line);
  for (const { title, head, numbersFrom, rows } of tablesOf(results)) {
    const colAligns = head.map((_, column) => (column < numbersFrom ? 'left' : 'right'));
    const table = new Table({ head: [...head], style: { head: [], border: [], compact: true }, colAligns });
    table.push(...rows.map((row) => [...row]));
    console.log(`\n${title}\n${table.toString()}`);
  }
  for (const line of peerLines(results)) console.log(line);
}

async function main(options: Options): Promise<void> {
  const start = performance.now();
  const audience = terminal();
  const results = await runBench(options, audience).finally(audience.end);
  print(results);
  if (options.json) await writeTextAtomic(options.json, `${JSON.stringify(toJson(results), null, 2)}\n`);
  if (options.html) await writeTextAtomic(options.html, renderReport(results));
  const written = [options.json, options.html].filter(Boolean).join(', ');
  console.log(
    `\nTime: ${((performance.now() - start) / 1000).toFixed(0)} s${written && `   Written: ${written}`}`,
  );
  const failures = failuresOf(results);
  for (const { suite, name, storage, kernel, failure } of failures)
    console.error(`bench: ${suite} ${name} ${storage} ${kernel} FAILED: ${failure}`);
  const isEmpty = results.rows.length + results.errors.length === 0;
  if (isEmpty) {
    console.error(
      `bench: no case of ${options.suites.join(', ')} has '${options.only}' in its name; see bench/README.md`,
    );
  }
  process.exitCode = failures.length > 0 || isEmpty ? 1 : 0;
}

try {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) console.log(HELP);
  else await main(options);
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
