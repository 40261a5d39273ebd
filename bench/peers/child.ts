/** A peer's own process: opens the peer named by its arguments and answers the parent's requests, one at a time. */
import { Worker } from 'node:worker_threads';
import type { Case, OpenPeerOptions, PeerModule, Problem } from './peer.ts';

export type Request =
  | { readonly op: 'open' }
  /** Builds the case, computes its result once; the former case is disposed of. */
  | { readonly op: 'prepare'; readonly problem: Problem }
  /** Times the case: milliseconds per run, over runs of at least `minMs` in all. */
  | { readonly op: 'sample'; readonly minMs: number }
  | { readonly op: 'release' };

export interface Replies {
  open: { readonly adapter?: string };
  /** No result: the peer has no such case. */
  prepare: { readonly result?: Float32Array };
  sample: { readonly msPerRun: number };
  release: object;
}

export type Reply = { readonly value: Replies[Request['op']] } | { readonly error: string };

// However busy this process is, it does not outlive its parent.
process.on('disconnect', () => process.exit());
const watch = `const { ppid } = process;
  setInterval(() => process.ppid === ppid || process.kill(process.pid, 'SIGKILL'), 500);`;
new Worker(watch, { eval: true, execArgv: [] }).unref();

const [moduleUrl, options] = process.argv.slice(2) as [string, string];
const { openPeer } = (await import(moduleUrl)) as PeerModule;
const peer = await openPeer(JSON.parse(options) as OpenPeerOptions);

let current: Case | undefined;
let times = 1;

function release(): void {
  current?.dispose();
  current = undefined;
}

async function caseOf(problem: Problem): Promise<Case | undefined> {
  if (problem.suite === 'gemm') return peer.gemm(problem);
  return problem.suite === 'step' ? peer.step?.(problem) : peer.op?.(problem);
}

async function prepare(problem: Problem): Promise<Replies['prepare']> {
  release();
  current = await caseOf(problem);
  times = 1;
  return current ? { result: await current.result() } : {};
}

async function sample(minMs: number): Promise<Replies['sample']> {
  if (!current) throw new Error('no case is prepared');
  for (;;) {
    const start = performance.now();
    await current.run(times);
    const passed = performance.now() - start;
    if (passed >= minMs) return { msPerRun: passed / times };
    times = Math.ceil(times * Math.min((1.3 * minMs) / passed, 100));
  }
}

async function answer(request: Request): Promise<Reply> {
  switch (request.op) {
    case 'open':
      return { value: peer.adapter === undefined ? {} : { adapter: peer.adapter } };
    case 'prepare':
      return { value: await prepare(request.problem) };
    case 'sample':
      return { value: await sample(request.minMs) };
    case 'release':
      release();
      return { value: {} };
  }
}

process.on('message', async (request: Request) => {
  const reply = await answer(request).catch((thrown: unknown): Reply => {
    return { error: thrown instanceof Error ? thrown.message : String(thrown) };
  });
  process.send!(reply);
});
