/** Folders for results: made with those above them, and refused at once where the system accepts none. */
import { mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeFolder } from '../../src/frames/files/folders.js';
import { ewald } from '../support/cli.js';

let scratch = '';
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'ewald-folders-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

test('missing folders are made, existing ones stay', async () => {
  const deep = join(scratch, 'a/b/c');
  await Promise.all([makeFolder(deep), makeFolder(deep)]);
  await makeFolder(deep);
  expect((await stat(deep)).isDirectory()).toBe(true);
});

test('a file, and a link to nothing, in the place of a folder', async () => {
  const file = join(scratch, 'file');
  await writeFile(file, '');
  await expect(makeFolder(file)).rejects.toThrow(`${file} cannot be made: a file with this name already exists`);
  await expect(makeFolder(join(file, 'x/y'))).rejects.toThrow(/x\/y cannot be made: part of its path is a file/);
  const link = join(scratch, 'link');
  await symlink(join(scratch, 'absent/target'), link);
  await expect(makeFolder(join(link, 'x'))).rejects.toThrow(
    /x cannot be made: part of its path is a file, not a folder/,
  );
});

// The system answers "no such file or folder" in /proc, like an automounter for a name that it does not know.
test.runIf(process.platform === 'linux')(
  'a folder that accepts no others is reported at once',
  { tags: 'all' },
  async () => {
    const refused = '/proc/ewald/frames';
    await expect(makeFolder(refused)).rejects.toThrow(`${refused} cannot be made: /proc accepts no new folders`);
    for (const what of ['frames', 'scan', 'spots']) {
      const { code, err } = await ewald(['simulate', what, '-o', refused]);
      expect(err).toContain(`${refused} cannot be made: /proc accepts no new folders`);
      expect(code).toBe(1);
    }
  },
);
