/** `ewald cluster`: lists the workers of a cluster and their backends. */
import type { Command } from 'commander';
import { listCluster } from '../../entries/executors.node.js';
import { type ClusterFlags, clusterOf, withCluster } from './cluster-options.js';
import { type CliDeps, counted, dim, print, printJson, table } from './output.js';
import { withFlags } from './parameter-flags.js';
import { jsonRow } from './shell-rows.js';

export function register(program: Command, _: CliDeps): void {
  const json = jsonRow('one JSON array: [{name, host, platform, version, build, slots, backends}]');
  withFlags(withCluster(program.command('cluster')), { json })
    .description('list the workers of a cluster and their backends')
    .action(async (flags: ClusterFlags & { json?: boolean }) => {
      const { url, address, options } = clusterOf(flags);
      const workers = await listCluster(url, options);
      if (flags.json) {
        printJson(workers);
        return;
      }
      if (workers.length === 0) {
        print(`no worker has joined ${address}; start one with ewald worker --connect ${address}`);
        return;
      }
      const rows = workers.map(({ name, slots, platform, version, backends }) => [
        name,
        String(slots),
        platform,
        version,
        backends
          .filter(({ available }) => available)
          .map(({ backend, chosen, name: device }) => (chosen ? `${backend} (${device})` : backend))
          .join(', '),
      ]);
      print(table(['worker', 'tasks', 'platform', 'version', 'backends'], rows, [1]));
      const slots = workers.reduce((sum, worker) => sum + worker.slots, 0);
      print(dim(`\n${counted(workers.length, 'worker')}, ${counted(slots, 'task')} at once`));
    });
}
