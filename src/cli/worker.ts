/** `ewald worker`: joins a cluster and works for it until Ctrl-C. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { joinRows, proxyRows, StatusServer, workerStatus } from '../entries/command.node.js';
import { joinCluster } from '../entries/executors.node.js';
import { EwaldError } from '../entries/index.node.js';
import { clusterOf } from './executor-flags.js';
import { backendOption, type CliDeps, note, print, printJson } from './output.js';
import { pickFlags } from './parameter-flags.js';
import type { WorkerFlags } from './worker-rows.js';

const { workers, maxMemory, name, shards, lifetimeS } = joinRows;
/** What the worker offers as it is typed. */
const offerRows = { workers, maxMemory, name, shards, lifetimeS } as const;

/** Parses NAME=FILE or NAME=URL. */
function moduleOf(text: string): [string, string] {
  const [, name = '', where = ''] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  if (!name) throw new EwaldError('Argument', `--module is "${text}"; expected NAME=FILE, such as filter=./filter.mjs`);
  if (/^[a-z][a-z0-9+.-]+:/i.test(where)) return [name, where];
  if (!existsSync(where))
    throw new EwaldError('Argument', `--module ${text}: the file ${where} does not exist (looked for in ${resolve()})`);
  return [name, pathToFileURL(resolve(where)).href];
}

export async function run(_: readonly string[], flags: WorkerFlags, { signal }: CliDeps): Promise<void> {
  const { url, address, options } = clusterOf(flags);
  if (flags.name?.trim() === '') throw new EwaldError('Argument', '--name is empty; leave it out or give a name');
  const worker = await joinCluster(url, {
    ...options,
    ...pickFlags(offerRows, flags),
    threads: flags.threads ?? joinRows.threads.range.fallback,
    ...(flags.backend !== undefined && { context: { ...backendOption(flags.backend), strict: true } }),
    modules: Object.fromEntries((flags.modules ?? []).map(moduleOf)),
    allowModules: flags.allowModules ?? false,
    signal,
    onEvent: (event) => (flags.json ? printJson({ event }) : print(event)),
  });
  const { name, slots, backends } = worker.info;
  const chosen = backends.find((report) => report.chosen)?.backend ?? 'no backend';
  if (flags.json) printJson({ joined: name, url: address, slots, backend: chosen });
  else
    print(
      `${name} has joined ${address}: ${slots} tasks at once on ${chosen}; ` +
        'Ctrl-C leaves after its tasks have finished',
    );
  signal.addEventListener('abort', () => void worker.leave(), { once: true });
  const server =
    flags.status === undefined
      ? undefined
      : await StatusServer.listen(flags.status, 'worker', workerStatus(worker), pickFlags(proxyRows, flags)).catch(
          async (error: unknown) => {
            await worker.leave();
            throw error;
          },
        );
  if (server) note(`the state of the worker is at ${server.url}`);
  try {
    await worker.left;
  } finally {
    await server?.close();
  }
}
