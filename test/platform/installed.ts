/**
 * Packs the main package and the native addon of this machine, and installs the tarballs in an empty project, once for
 * all tests.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { packAll } from '../../scripts/packages/stage.mjs';
import { npm } from './processes.js';

declare module 'vitest' {
  interface ProvidedContext {
    installed: string;
  }
}

export default async function install(project: TestProject): Promise<() => void> {
  const folder = mkdtempSync(join(tmpdir(), 'ewald-installed-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    writeFileSync(join(folder, 'package.json'), '{ "name": "user", "private": true, "type": "module" }\n');
    const native = `@ewald/native-${process.platform}-${process.arch}`;
    const tarballs = join(folder, 'tarballs');
    const { made } = await packAll(tarballs, { only: ['ewald', native] });
    const files = made.map(({ file }) => join(tarballs, file));
    const { code, err } = await npm(['install', '--prefer-offline', '--no-package-lock', ...files], {
      cwd: folder,
      seconds: 240,
    });
    if (code !== 0) throw new Error(`npm install of the packed package failed: ${err}`);
  } catch (error) {
    remove();
    throw error;
  }
  project.provide('installed', folder);
  return remove;
}
