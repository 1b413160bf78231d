// @module-tag nightly: it compiles the MPI addon and packs everything.
/** Ranks of MPI with the packages as users install them. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { packAll } from '../../scripts/packages/stage.mjs';
import { mpiEnv, mpiPresent } from '../support/mpi.js';
import { emptyFolder, npm, run } from './support.js';

const openMpi = '@ewald/openmpi-linux-x64';
const twoRanks = `import { mpiComm } from 'ewald/communicator';
const comm = await mpiComm();
const sum = new Float64Array(2);
await comm.gather(Float64Array.of(comm.rank + 1), comm.rank === 0 ? sum : undefined);
if (comm.rank === 0) console.log(comm.kind, sum.join(' '));
`;

describe.runIf(mpiPresent)('an empty project', () => {
  const ranksIn = async (cwd: string): Promise<string> => {
    const env = Object.fromEntries(Object.entries(mpiEnv).filter(([name]) => name.startsWith('OMPI_')));
    const { out, err } = await run('mpirun', ['-n', '2', process.execPath, 'ranks.mjs'], { cwd, env });
    return out + err;
  };
  const install = async (cwd: string, ...only: string[]): Promise<void> => {
    const tarballs = join(cwd, 'tarballs');
    const { made } = await packAll(tarballs, { only: ['ewald', ...only], dependencies: true });
    const files = made.map(({ file }) => join(tarballs, file));
    const { code, err } = await npm(['install', '--offline', '--no-package-lock', ...files], { cwd });
    expect(err).toBe('');
    expect(code).toBe(0);
  };
  const project = (): string =>
    emptyFolder({ 'package.json': '{ "name": "user", "private": true }', 'ranks.mjs': twoRanks });

  test('npx ewald-build-native --mpi builds the addon of the ranks, and -o a folder beside it', async () => {
    const cwd = project();
    await install(cwd, '@ewald/source');
    expect(await ranksIn(cwd)).toContain('npx ewald-build-native --mpi');
    const build = (...words: string[]) =>
      npm(['exec', '--offline', '--', 'ewald-build-native', '--mpi', ...words], { cwd });
    expect(await build()).toMatchObject({ code: 0, err: '' });
    expect(await ranksIn(cwd)).toBe('mpi 1 2\n');
    expect(await build('-o', 'addons')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/addons\/ewald_mpi.node\n$/),
    });
  });

  test('the package for Open MPI needs no compiler', async ({ skip }) => {
    const cwd = project();
    const { leftOut } = await packAll(join(cwd, 'tarballs'), { only: [openMpi] });
    const other = leftOut.find((line) => line.startsWith(openMpi));
    if (other) skip(other);
    await install(cwd, openMpi);
    expect(await ranksIn(cwd)).toBe('mpi 1 2\n');
  });
});
