/** Starts mpirun for tests. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const addon = new URL(`../../dist/native/${process.platform}-${process.arch}/ewald_mpi.node`, import.meta.url);
/** Whether the addon was built, which requires MPI. */
export const mpiPresent = existsSync(addon);

/** Variables that MPI sets in a process in which it was started, as a test before may have done: mpirun ends at once. */
const isOfStarted = (name: string): boolean => /^(OMPI|PMIX|ORTE)_/.test(name);

/** Open MPI needs options to run as root and with more ranks than cores; MPICH supports neither option. */
export const mpiEnv = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !isOfStarted(name))),
  OMPI_ALLOW_RUN_AS_ROOT: '1',
  OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1',
  OMPI_MCA_rmaps_base_oversubscribe: '1',
  OMPI_MCA_btl_vader_single_copy_mechanism: 'none',
};

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/**
 * Runs a script on `ranks` ranks. A run that takes longer than a test may is killed with all its ranks, and its code is
 * null.
 */
export const mpirun = (ranks: number, script: URL, ...args: string[]): Promise<Ended> =>
  mpirunUntil(undefined, ranks, script, ...args);

/** The same, ended by SIGTERM once something is true. */
export const mpirunUntil = (
  isTrue: (() => boolean) | undefined,
  ranks: number,
  script: URL,
  ...args: string[]
): Promise<Ended> =>
  new Promise((resolve, reject) => {
    const child = spawn('mpirun', ['-n', String(ranks), process.execPath, fileURLToPath(script), ...args], {
      env: mpiEnv,
    });
    const watch = setInterval(() => {
      if (!isTrue?.()) return;
      clearInterval(watch);
      child.kill('SIGTERM');
    }, 20);
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk) => {
      out += chunk;
    });
    child.stderr.on('data', (chunk) => {
      err += chunk;
    });
    const late = setTimeout(() => child.kill(), 100_000);
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(late);
      clearInterval(watch);
      resolve({ code, out, err });
    });
  });
