/** The parent's end of a peer's process: starts it when it is needed, asks it, and survives its crashes and hangs. */
import { type ChildProcess, fork } from 'node:child_process';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Replies, Reply, Request } from './child.ts';
import type { OpenPeerOptions } from './peer.ts';

/** Dawn says this twice for every adapter it is asked for; it tells a reader nothing. */
const NOISE = /artificially reduced/;
const script = fileURLToPath(new URL('./child.ts', import.meta.url));

export class PeerProcess {
  readonly #module: string;
  readonly #options: OpenPeerOptions;
  #child: ChildProcess | undefined;
  #lastLine = '';

  constructor(module: URL, options: OpenPeerOptions) {
    this.#module = module.href;
    this.#options = options;
  }

  get running(): boolean {
    return this.#child !== undefined;
  }

  start(): void {
    const child = fork(script, [this.#module, JSON.stringify(this.#options)], {
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#child = child;
    this.#lastLine = '';
    for (const stream of [child.stdout!, child.stderr!]) {
      createInterface({ input: stream }).on('line', (line) => {
        // The line that names an error, rather than the stack below it and Node's own version.
        const telling = line.trim() !== '' && !NOISE.test(line) && !/^\s+at |^Node\.js v|^\s*[}^]/.test(line);
        if (telling) this.#lastLine = line.trim();
      });
      (stream as Socket).unref();
    }
    const kill = () => child.kill('SIGKILL');
    process.on('exit', kill);
    child.once('exit', () => {
      process.off('exit', kill);
      if (this.#child === child) this.#child = undefined;
    });
  }

  /** Rejects with what went wrong, in a few words; after a crash or hang the process is gone. */
  async ask<Op extends Request['op']>(request: Request & { op: Op }, timeout: number): Promise<Replies[Op]> {
    const child = this.#child;
    if (!child) throw new Error('its process is gone');
    child.ref();
    child.channel?.ref();
    try {
      return (await this.#reply(child, request, timeout)) as Replies[Op];
    } finally {
      // An idle process keeps nobody waiting.
      child.unref();
      child.channel?.unref();
    }
  }

  #reply(child: ChildProcess, request: Request, timeout: number): Promise<Replies[Request['op']]> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.stop();
        fail(`it did not answer within ${timeout / 1000} s, doing: ${request.op}`);
      }, timeout);
      const settle = () => {
        clearTimeout(timer);
        child.off('message', answered).off('close', closed).off('error', failed);
      };
      const fail = (reason: string) => {
        settle();
        reject(new Error(reason));
      };
      const answered = (reply: Reply) => {
        if ('error' in reply) return fail(reply.error.split('\n')[0]!);
        settle();
        resolve(reply.value);
      };
      const closed = (code: number | null, signal: string | null) => {
        const how = signal ? `ended by ${signal}` : `exited with code ${code}`;
        fail(`its process ${how}, doing: ${request.op}${this.#lastLine && ` (${this.#lastLine})`}`);
      };
      const failed = (error: Error) => fail(error.message);
      child.on('message', answered).on('close', closed).on('error', failed);
      child.send(request);
    });
  }

  stop(): void {
    const child = this.#child;
    this.#child = undefined;
    child?.kill('SIGKILL');
  }
}
