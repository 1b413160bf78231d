/**
 * The data with known answers: EWALD_TEST_DATA, by default ../shared/data beside the project. Tests say "absent" where
 * it is not.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Folder of the data, undefined when it is absent. */
export const dataFolder = ((): string | undefined => {
  const folder = resolve(process.env.EWALD_TEST_DATA ?? '../shared/data');
  return existsSync(join(folder, 'README.md')) ? folder : undefined;
})();

/** CI always has the data: there an absent folder is a failure. */
export const dataRequired = process.env.CI === 'true';

/** A text file of the data. */
export const readData = (...path: string[]): string => readFileSync(join(dataFolder ?? '', ...path), 'utf8');

/** Names in a folder of the data. */
export const listData = (path: string, ending: string): string[] =>
  dataFolder
    ? readdirSync(join(dataFolder, path))
        .filter((name) => name.endsWith(ending))
        .sort()
    : [];
