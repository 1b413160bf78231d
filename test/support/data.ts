/**
 * The data with known answers: EWALD_TEST_DATA, by default ../shared/data next to the project. Tests report "absent" if
 * it is missing.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Folder of the data; undefined if it is absent. */
export const dataFolder = ((): string | undefined => {
  const folder = resolve(process.env.EWALD_TEST_DATA ?? '../shared/data');
  return existsSync(join(folder, 'README.md')) ? folder : undefined;
})();

/** CI always has the data, so there a missing folder is a failure. */
export const dataRequired = process.env.CI === 'true';

/** A text file of the data. */
export const readData = (...path: string[]): string => readFileSync(join(dataFolder ?? '', ...path), 'utf8');

/** Names of the files in a folder of the data. */
export const listData = (path: string, ending: string): string[] =>
  dataFolder
    ? readdirSync(join(dataFolder, path))
        .filter((name) => name.endsWith(ending))
        .sort()
    : [];
