/** `ewald worker`: joins a cluster and works for it until Ctrl-C. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Command } from 'commander';
import { joinCluster } from '../entries/executors.node.js';
import { EwaldError } from '../entries/index.node.js';
import { type ClusterFlags, clusterOf, withCluster } from './cluster-options.js';
import { backendOption, type CliDeps, parseInteger, print, printJson } from './output.js';

interface Flags extends ClusterFlags {
  readonly workers?: string;
  readonly threads?: string;
  readonly backend?: string;
  readonly allowModules?: boolean;
  readonly module?: readonly string[];
  readonly name?: string;
  readonly json?: boolean;
}

/** NAME=FILE or NAME=URL. */
function moduleOf(text: string): [string, string] {
  const [, name = '', where = ''] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  if (!name) throw new EwaldError('Argument', `--module is "${text}"; expected NAME=FILE, such as filter=./filter.mjs`);
  if (/^[a-z][a-z0-9+.-]+:/i.test(where)) return [name, where];
  if (!existsSync(where))
    throw new EwaldError('Argument', `--module ${text}: the file ${where} does not exist (looked for in ${resolve()})`);
  return [name, pathToFileURL(resolve(where)).href];
}

export function register(program: Command, { signal }: CliDeps): void {
  withCluster(program.command('worker'))
    .description('join a cluster and work for it until Ctrl-C')
    .option('--workers <n>', 'concurrent tasks; default: one per core')
    .option('--threads <n>', 'threads that a task may use', '1')
    .option('--backend <name>', 'backend of the contexts that tasks open')
    .option(
      '--allow-modules',
      'run modules sent as source: whoever submits tasks can then do everything that this user can',
    )
    .option(
      '--module <name=file>',
      'a module that tasks may refer to; may be repeated',
      (one: string, all: string[] = []) => [...all, one],
    )
    .option('--name <text>', 'name shown by ewald cluster; default: machine and process')
    .option('--json', 'JSON lines: {joined, url, slots, backend}, then {event} for each event')
    .action(async (flags: Flags) => {
      const { url, address, options } = clusterOf(flags);
      if (flags.name?.trim() === '') throw new EwaldError('Argument', '--name is empty; leave it out or give a name');
      const worker = await joinCluster(url, {
        ...options,
        ...(flags.workers !== undefined && { workers: parseInteger(flags.workers, '--workers', 1, 1024) }),
        threads: parseInteger(flags.threads ?? '1', '--threads', 1, 1024),
        ...(flags.backend !== undefined && { context: { ...backendOption(flags.backend), strict: true } }),
        ...(flags.name !== undefined && { name: flags.name }),
        modules: Object.fromEntries((flags.module ?? []).map(moduleOf)),
        allowModules: flags.allowModules ?? false,
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
      await worker.left;
    });
}
