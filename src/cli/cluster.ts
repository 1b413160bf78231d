/** `ewald cluster`: lists the workers and the runs of a cluster, and ends a run. */
import { median } from '../entries/command.node.js';
import { type ClusterRun, cancelRun, listCluster, listRuns, type WorkerInfo } from '../entries/executors.node.js';
import type { ClusterFlags } from './cluster-rows.js';
import { clusterOf } from './executor-flags.js';
import { counted, dim, print, printJson, table } from './output.js';

/** A worker is slow if its tasks take this many times as long as the median of the workers'. */
const slowTimes = 2;

export async function run(_: readonly string[], flags: ClusterFlags): Promise<void> {
  const { url, address, options } = clusterOf(flags);
  if (flags.cancel !== undefined) {
    await cancelRun(url, flags.cancel, options);
    if (flags.json) printJson({ cancelled: flags.cancel });
    else print(`run ${flags.cancel} was cancelled`);
    return;
  }
  if (flags.runs || flags.json) {
    const found = flags.runs ? await listRuns(url, options) : await listCluster(url, options);
    if (flags.json) printJson(found);
    else if (found.length > 0) printRuns(found as ClusterRun[]);
    else print(`no client has a run on ${address}`);
    return;
  }
  const [workers, runs] = await Promise.all([listCluster(url, options), listRuns(url, options)]);
  if (workers.length === 0) print(`no worker has joined ${address}; start one with ewald worker --connect ${address}`);
  else printWorkers(workers);
  if (runs.length === 0) return;
  print('');
  printRuns(runs);
}

function printWorkers(workers: readonly WorkerInfo[]): void {
  const usual = median(workers.flatMap(({ now }) => (now && now.done > 0 ? [now.taskSeconds] : [])));
  const lines = workers.map(({ name, slots, platform, version, backends, now }) => [
    name,
    String(slots),
    String(now?.running ?? ''),
    String(now?.waiting ?? ''),
    now && now.done > 0 ? now.taskSeconds.toPrecision(2) : '',
    platform,
    version,
    backends
      .filter(({ available }) => available)
      .map(({ backend, chosen, name: device }) => (chosen ? `${backend} (${device})` : backend))
      .join(', '),
    now?.leaving ? 'leaves' : now && now.done > 0 && now.taskSeconds > slowTimes * usual ? 'slow' : '',
  ]);
  const names = ['worker', 'tasks', 'running', 'waiting', 's/task', 'platform', 'version', 'backends', ''];
  print(table(names, lines, [1, 2, 3, 4]));
  const slots = workers.reduce((sum, worker) => sum + worker.slots, 0);
  print(dim(`\n${counted(workers.length, 'worker')}, ${counted(slots, 'task')} at once`));
}

function printRuns(runs: readonly ClusterRun[]): void {
  const lines = runs.map(({ run, client, weight, waiting, held, done, rate, waits }) => [
    ...[run, client, String(weight), String(waiting), String(held), String(done), rate.toPrecision(2), waits],
  ]);
  const names = ['run', 'client', 'weight', 'queued', 'held', 'done', 'tasks/s', 'waits for'];
  print(table(names, lines, [2, 3, 4, 5, 6]));
}
