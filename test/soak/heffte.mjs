// Every case of the distributed transform, on threads (messages and shared memory) and under mpirun.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { spmd } from '../../dist/executors.node.js';
import { casesFor, rankCounts } from '../heffte/cases.mjs';

export const name = 'heffte';
export const about = 'all cases of the distributed transform, on threads and under mpirun';
export const minutes = 15;

const module = new URL('../heffte/rank.mjs', import.meta.url);
const program = fileURLToPath(new URL('../heffte/mpi-rank.mjs', import.meta.url));
const env = {
  ...process.env,
  OMPI_ALLOW_RUN_AS_ROOT: '1',
  OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1',
  OMPI_MCA_rmaps_base_oversubscribe: '1',
};

export async function run({ scale, note }) {
  // A short run has other cases each time.
  const shift = Math.random();
  note(`shift ${shift}`);
  for (const ranks of rankCounts) {
    const most = scale < 1 ? Math.max(1, Math.round(scale * casesFor(ranks).length)) : Number.MAX_SAFE_INTEGER;
    for (const backend of ['native', 'wasm'])
      for (const shared of [false, true]) {
        const few = backend === 'wasm' ? Math.min(40, most) : most;
        const argument = casesFor(ranks, { most: few, shift, shared, backend });
        await spmd({ module, function: 'cases', argument }, { ranks });
        note(`${ranks} threads, ${backend}${shared ? ', shared memory' : ''}: ${argument.length} cases`);
      }
    const args = ['-n', String(ranks), process.execPath, program, 'cases', JSON.stringify({ most, shift })];
    const { status, stdout, stderr, error } = spawnSync('mpirun', args, { env, encoding: 'utf8' });
    if (error?.code === 'ENOENT') note('mpirun: absent');
    else if (status !== 0) throw new Error(`mpirun -n ${ranks}: ${stderr}`);
    else note(`mpirun -n ${ranks}: ${stdout.trim()}`);
  }
}
